# SPDX-License-Identifier: Apache-2.0
smelt -q init
smelt -q run >/dev/null
smelt checkpoint reset readings_silver
echo "exit $?"
smelt checkpoint reset readings_slver --yes
echo "exit $?"
smelt checkpoint drop readings_silver
echo "exit $?"
smelt checkpoint show
echo "exit $?"
smelt checkpoint reset readings_silver --yes
smelt checkpoint show readings_silver
smelt checkpoint adopt readings_silver --yes
smelt checkpoint show readings_silver
