# SPDX-License-Identifier: Apache-2.0
smelt -q init
smelt -q run >/dev/null
echo '{"bad' >lake/demo/readings_silver/_delta_log/00000000000000000000.json
for command in plan doctor "preview readings_silver"; do
    smelt $command >out 2>err
    echo "$command: exit $? $(cat out err | grep -c 'an action is no JSON')"
done
smelt query "SELECT count(*) AS rows FROM readings_bronze"
smelt status | head -n 1 | cut -c 1-39
