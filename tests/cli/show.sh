# SPDX-License-Identifier: Apache-2.0
smelt -q init
smelt show readings_silver
smelt show readings_10m --sql
smelt show readings --schema
smelt show readings_silver --resolved | head -n 3
smelt show readings_slver
echo "exit $?"
smelt show readings_silver --lineage
smelt show readings_10m --lineage --json | head -n 12
smelt show --lineage
echo "exit $?"
