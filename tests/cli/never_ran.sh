# SPDX-License-Identifier: Apache-2.0
# Everything that looks says so, and leaves no trace.
smelt -q init
for command in status runs "runs 3" events checkpoint "checkpoint show readings_silver" plan "preview readings_silver"; do
    echo "\$ smelt $command"
    smelt $command 2>&1
    echo "exit $?"
done
test ! -e lake && echo "no trace"
