# SPDX-License-Identifier: Apache-2.0
# How late rows came is counted once, over runs and rebuilds; a delay is suggested as it is written.
export SM_CLOCK=2026-01-02T00:00:00Z
smelt_exit() { smelt "$@"; echo "exit $?"; }
at() { # minutes of rows, one each minute, from minute $1 to $2, in file $3; each of device $4
    for i in $(seq "$1" "$2"); do
        printf '{"id": "%s", "ts": "2026-01-01T%02d:%02d:00Z"}\n' "$4" $((i / 60)) $((i % 60))
    done >"landing/$3.json"
}
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
    watermark: {column: ts, delay: 10 minutes, max_future: 1 day}
tables:
  hours:
    sql: SELECT window(ts, '1 hour') AS w, count(*) AS n FROM STREAM(readings) GROUP BY ALL
  plain:
    from: readings
  counted:
    type: materialized_view
    sql: SELECT count(*) AS n FROM plain
YAML
smelt_exit watermark show
at 0 59 0 a
smelt_exit watermark suggest hours
smelt -q run >/dev/null
smelt_exit watermark show
smelt_exit watermark suggest hours
at 30 89 1 b
smelt -q run >/dev/null
smelt -q run >/dev/null
smelt_exit watermark suggest readings
smelt checkpoint show hours | sed -n '/^Watermark/,/^Remembers/p'
smelt_exit watermark suggest hours --json
smelt_exit watermark suggest counted
smelt_exit watermark suggest plain
smelt_exit watermark suggest hour
smelt_exit watermark drop hours
smelt_exit watermark suggest
sed -i 's/delay: 10 minutes/delay: 2 hours/' pipeline.yml
smelt_exit watermark suggest hours
smelt -q run --full-refresh hours --yes >/dev/null
smelt_exit watermark suggest hours

mkdir two orders
cat >two/pipeline.yml <<'YAML'
version: 1
pipeline: two
storage: ../lake2
sources:
  orders:
    type: files
    path: ../orders/*.json
    format: json
    schema_hints: "id BIGINT, ts TIMESTAMP"
  pays:
    type: files
    path: ../orders/*.json
    format: json
    schema_hints: "id BIGINT, ts TIMESTAMP"
tables:
  paid:
    sql: |
      SELECT o.id, o.ts, p.ts AS paid FROM STREAM(orders) o JOIN STREAM(pays) p
        ON o.id = p.id AND p.ts BETWEEN o.ts AND o.ts + INTERVAL 1 HOUR
    watermark:
      orders: {column: ts, delay: 1 hour}
      pays: {column: ts, delay: 1 minute, idle_timeout: 1 day}
YAML
echo '{"id": 1, "ts": "2026-01-01T10:00:00Z"}' >orders/1.json
smelt -q run two >/dev/null
echo '{"id": 2, "ts": "2026-01-01T09:58:30Z"}' >orders/2.json
smelt -q run two >/dev/null
smelt watermark show -p two
smelt watermark suggest paid -p two
