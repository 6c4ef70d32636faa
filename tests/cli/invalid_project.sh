# SPDX-License-Identifier: Apache-2.0
printf 'version: 1\npipeline: x\ntables:\n  t:\n    from: nothing\n' >pipeline.yml
for command in status runs events checkpoint plan ls graph show "preview t"; do
    smelt $command >/dev/null 2>err
    echo "$command: exit $? $(grep -c 'error\[' err)"
done
smelt doctor >out
echo "doctor: exit $? $(grep -c 'has faults' out)"
