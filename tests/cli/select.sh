# SPDX-License-Identifier: Apache-2.0
smelt -q init
for s in "+readings_silver" "readings_silver+" "layer:gold" "state:new" "*_bronze readings" "@readings_silver,layer:silver"; do
    echo "$s: $(smelt ls --select "$s" | cut -d ' ' -f 1 | tr '\n' ' ')"
done
smelt ls --select reading_10m
echo "exit $?"
smelt ls --select "+layer:gld"
smelt ls --select "state:odd"
echo "exit $?"
smelt ls --exclude "layer:*" | cut -d ' ' -f 1
