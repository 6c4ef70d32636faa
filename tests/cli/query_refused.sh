# SPDX-License-Identifier: Apache-2.0
smelt -q init
for sql in "SELECT * FROM readings_silvr" "SELECT foo FROM readings_bronze" "DROP TABLE readings_silver" \
    "SELECT * FROM '/etc/passwd'" "SELECT * FROM read_text('/etc/passwd')" "SELECT 1; SELECT 2" \
    "SELECT * FROM STREAM(readings_bronze)" "SELECT getenv('HOME')" "" "SELECT"; do
    smelt query "$sql" 2>&1
    echo "exit $?"
done
smelt query SELECT 1
echo "exit $?"
