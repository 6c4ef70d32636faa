# SPDX-License-Identifier: Apache-2.0
# A run that is killed is no running one: it holds no lock any more.
smelt -q init
SM_FAILPOINT=flow.after_decided:kill smelt run >/dev/null 2>&1
smelt status | sed 's/  [0-9-]* [0-9:]*$//'
smelt runs --json | grep '"state"'
smelt ls --select state:failed
smelt -q run >/dev/null
smelt status | sed -n 's/\(succeeded\).*/\1/p'
