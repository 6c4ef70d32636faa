# SPDX-License-Identifier: Apache-2.0
smelt -q init
smelt -q run >/dev/null
smelt preview readings_10m --limit 2 --json | grep -c 'sensor-'
smelt preview readings_10m --limit 10000 | sed -n '$='
smelt preview readings_10m | sed -n '$='
for n in 0 10001 some; do
    smelt preview readings_10m --limit $n
    echo "exit $?"
done
