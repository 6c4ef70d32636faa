# SPDX-License-Identifier: Apache-2.0
# Who reads rows leaves an event before and one after.
smelt -q init
smelt -q run >/dev/null
smelt preview readings_10m >/dev/null 2>&1
smelt query "SELECT count(*) FROM readings_10m" >/dev/null
smelt events | grep user_action
smelt events --json | grep '"outcome"'
