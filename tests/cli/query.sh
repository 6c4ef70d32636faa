# SPDX-License-Identifier: Apache-2.0
smelt -q init
smelt -q run >/dev/null
smelt query "SELECT site, count(*) AS n FROM readings_silver GROUP BY site ORDER BY n DESC;"
smelt query "SELECT 1.50::DECIMAL(10,2) AS d, 0.1 + 0.2 AS e, NULL AS z, [1,2] AS l, {'a': DATE '2020-01-01'} AS s -- end"
smelt query "SELECT count(*) AS rows FROM demo.readings_bronze"
smelt query "SELECT device_id FROM readings_silver WHERE false"
smelt query "SELECT range AS i FROM range(20000) ORDER BY i DESC" | sed -n '1p;2p;$p'
smelt query "SELECT 1.50::DECIMAL(10,2) AS d, 'x' AS t" --json
# What JSON cannot hold exactly stays exact.
smelt query "SELECT 9223372036854775807::HUGEINT + 1 AS h, 123456789012345678::DECIMAL(20,2) + 0.12 AS w, sum(range) AS s FROM range(3)"
