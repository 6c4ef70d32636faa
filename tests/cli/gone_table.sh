# SPDX-License-Identifier: Apache-2.0
# The folder of a table is gone: whoever meets that says so, and what helps.
smelt -q init
smelt -q run >/dev/null
smelt -q run --full-refresh readings_silver --yes >/dev/null
rm -r lake/demo/readings_silver
smelt run | sed -n '/readings_silver/s/part-[^"]*/part/p'
smelt doctor | sed -n '/readings_silver/p;$p'
