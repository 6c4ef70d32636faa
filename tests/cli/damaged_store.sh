# SPDX-License-Identifier: Apache-2.0
smelt -q init
smelt -q run >/dev/null
rm -f lake/.smelt/control/smelt.db-*
echo "this is not a database, and longer than its first bytes say" >lake/.smelt/control/smelt.db
for command in status runs events checkpoint plan ls "preview readings_silver" "checkpoint reset readings_silver -y" run; do
    smelt $command >out 2>err
    echo "$command: exit $? $(grep -c 'file is not a database' err) $(tail -n 1 err)"
done
smelt doctor >out
echo "doctor: exit $? $(grep -c 'fail  store' out)"
