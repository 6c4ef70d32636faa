# SPDX-License-Identifier: Apache-2.0
smelt -q init
smelt -q run >/dev/null
edit() { sed "$@" pipeline.yml >edited && mv edited pipeline.yml; }
cp pipeline.yml original
echo "# another rule, another rounding, a table renamed"
edit -e 's/BETWEEN -50/BETWEEN -40/; s/temperature), 2/temperature), 3/; s/readings_bronze/readings_raw/'
smelt plan
echo "# a column changes its type"
cp original pipeline.yml
edit -e 's/humidity, battery, site$/humidity, battery::VARCHAR AS battery, site/; s/battery >= 0/battery IS NOT NULL/'
smelt plan
echo "# nothing"
cp original pipeline.yml
smelt plan -q --detailed-exitcode
