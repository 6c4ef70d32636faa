# SPDX-License-Identifier: Apache-2.0
# On a terminal the line of progress never goes on below: it is cut at the edge.
smelt -q init
TERM=xterm script -qec "smelt run" /dev/null </dev/null >out
esc=$(printf '\033')
grep -c "$esc\[?7l  readings_silver  ◐  .*batch 1$esc\[?7h" out
