# SPDX-License-Identifier: Apache-2.0
for command in status runs events checkpoint plan ls graph show doctor "preview t" "query 1"; do
    smelt -q $command >out 2>err
    echo "$command: exit $? $(cat out err | grep -c 'there is no pipeline.yml')"
done
smelt status -p missing.yml
echo "exit $?"
