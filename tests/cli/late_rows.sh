# SPDX-License-Identifier: Apache-2.0
# Rows that came too late, and rows that wait, are said by their names; a changed query is refused,
# not damaged; what remembers is not to be adopted.
smelt_exit() { smelt "$@"; echo "exit $?"; }
run() { smelt run | sed '1d; s/  [0-9.]* m*s$/  TIME/; s/ in [0-9.]* m*s$/ in TIME/' | sort; }
mkdir landing
cat >pipeline.yml <<'YAML'
version: 1
pipeline: shop
storage: ./lake
sources:
  readings:
    type: files
    path: landing/*.json
    format: json
    schema_hints: "id VARCHAR, ts TIMESTAMP"
    watermark: {column: ts, delay: 1 minute}
tables:
  minutes:
    sql: SELECT window(ts, '1 minute') AS w, count(*) AS n FROM STREAM(readings) GROUP BY ALL
  once:
    from: readings
    deduplicate: {keys: [id]}
    late_rows: drop
    unbounded_state: accepted
YAML
row() { printf '{"id": "%s", "ts": "2026-01-01T00:%s:00Z"}\n' "$1" "$2"; }
{ row a 00; row b 01; row a 10; } >landing/1.json
run
{ row c 02; row d 03; row e 11; } >landing/2.json
run
row g 13 >landing/2b.json
smelt run --json | sed -n 's/ *"\(flow\|in_state\|late\)": /\1 /p' | paste - - - | sort
smelt status | sed -n 's/ *20[0-9-]* [0-9:]* */ TIME /; /minutes\|once/p'
smelt preview minutes__late --json | grep -c _lateness
sed -i "s/late_rows: drop/late_rows: quarantine/" pipeline.yml
smelt plan | grep -A3 once
sed -i "s/'1 minute') AS w/'2 minutes') AS w/" pipeline.yml
row f 12 >landing/3.json
smelt run --select minutes >out 2>&1
echo "exit $?"
grep -o 'Take the change.*' out
sed -i "s/'2 minutes') AS w/'1 minute') AS w/" pipeline.yml
mv lake/.smelt elsewhere
smelt run --select minutes >out 2>&1
echo "exit $?"
grep -o 'Bring the control.*' out
smelt plan | grep -A3 minutes
