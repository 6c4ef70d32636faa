# SPDX-License-Identifier: Apache-2.0
# Mistakes in a file of tests are told at their place, all of them, before anything runs.
cp "$SM_SOURCE/examples/iot/pipeline.yml" .
cat >keys_test.yml <<'END'
version: 1
test_suite: x
tests:
  - name: keys
    tabel: readings_silver
    given: {readings: [{device_id: a}]}
    expect: {row: []}
  - name: keys
    given: {readings: {device_id: a}}
    expect: {rows: [1], count: -1, dropped: many}
  - name: later
    steps:
      - ingest: {readings: []}
      - expect: {table: readings_10m, state_rows: [many]}
      - expect: {late: {readings_10m: x}, table: readings_10m, watermark: soon}
      - expect: {table: readings_10m}
      - advance: soon
      - run: continuous
      - stop
      - {run: available_now, advance: 1h}
  - name: both
    given: {}
    steps: [restart]
  - name: no end
    given: {}
  - name: code
    given: {}
    expect: {error: SM9999}
END
smelt test
echo "exit $?" >&2
rm keys_test.yml
cat >names_test.yml <<'END'
version: 1
tests:
  - name: names
    table: readings_silvr
    given: {reading_bronze: [{device_id: a}]}
    expect: {count: 1}
  - name: columns
    table: readings_silver
    given: {readings: [{device: a, battery: full}, [1, 2, 3, 4, 5, 6, 7, 8]]}
    expect: {rows: [{device_id: a, tempratur: 20}]}
  - name: values
    table: readings_silver
    given: {readings: [{device_id: a, battery: 1, event_timestamp: noon}, {device_id: b, battery: full}]}
    expect: {rows: [{event_timestamp: yesterday}], quarantined: 1}
  - name: table is given
    table: readings_bronze
    given: {readings_bronze: [{device_id: a}]}
    expect: {count: 1}
  - name: no table
    given: {readings: []}
    expect: {count: 1}
  - name: files
    steps:
      - ingest_files: {readings: {../a.json: "{}"}}
      - expect: {table: readings_silver, count: 0}
END
smelt test -q | sed 's/ in [0-9].*//'
smelt -q test >/dev/null 2>&1
echo "exit $?" >&2
rm names_test.yml
cp "$SM_SOURCE/examples/hello/pipeline.yml" .
cat >hello_test.yml <<'END'
version: 1
tests:
  - name: no columns
    table: orders_silver
    given: {}
    expect: {count: 0}
END
smelt -q test >/dev/null
sed -i 's/FROM STREAM(orders_bronze)/FROM STREAM(orders_bronz)/' pipeline.yml
smelt -q test >/dev/null
echo "exit $?" >&2
mkdir empty && cd empty
smelt test
echo "exit $?" >&2
cd ..
cp "$SM_SOURCE/examples/hello/pipeline.yml" .
cat >hello_test.yml <<'END'
version: 1
tests:
  - name: columns of rows
    table: orders_silver
    given: {orders: [{id: 1, customer: a}]}
    expect: {count: 0}
END
smelt -q test >/dev/null
echo "exit $?" >&2
