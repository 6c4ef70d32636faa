# SPDX-License-Identifier: Apache-2.0
# Another table in the place of one: plan and doctor say it, and so does run.
smelt -q init
smelt -q run >/dev/null
rm -r lake/demo/readings_silver
cp -r lake/demo/readings_10m lake/demo/readings_silver
smelt plan
smelt -q run >/dev/null
echo "run: exit $?"
smelt doctor >out
echo "doctor: exit $?"
tail -n 1 out
