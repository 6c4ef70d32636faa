# SPDX-License-Identifier: Apache-2.0
# What a test that fails shows: changed, missing and unexpected rows, numbers, a failed run.
mkdir t && cd t
cat >pipeline.yml <<'END'
version: 1
pipeline: shop
storage: lake
sources:
  orders:
    type: files
    path: in/*.json
    format: json
    schema:
      - {name: id, data_type: BIGINT}
      - {name: customer, data_type: VARCHAR}
      - {name: amount, data_type: "DECIMAL(10,2)"}
      - {name: placed, data_type: TIMESTAMP}
tables:
  clean:
    sql: SELECT id, customer, amount, placed FROM STREAM(orders)
    expectations:
      paid: {expect: amount > 0, on_violation: drop}
      known: {expect: customer IS NOT NULL, on_violation: quarantine}
      sane: {expect: "amount < 1000", on_violation: fail}
END
cat >shop_test.yml <<'END'
version: 1
tests:
  - name: rows differ
    table: clean
    given:
      orders:
        - {id: 1, customer: ann, amount: 2.50, placed: "2026-01-01T10:00:00Z"}
        - {id: 2, customer: bob, amount: 3, placed: "2026-01-01T10:00:00Z"}
        - {id: 3, customer: cid, amount: 4, placed: "2026-01-01T10:00:00+02:00"}
        - {id: 4, customer: dee, amount: 5}
        - {id: 4, customer: dee, amount: 5}
    expect:
      rows:
        - {id: 1, customer: ann, amount: 2.5}
        - {id: 2, customer: bob, amount: 30}
        - {id: 3, customer: cid, placed: 2026-01-01 08:00:01}
        - {id: 4, customer: dee, amount: 5}
        - {id: 5, customer: eve, amount: 6}
  - name: numbers differ
    table: clean
    given:
      orders: [[1, ann, 0], [2, null, 5]]
    expect:
      rows: []
      count: 2
      dropped: 0
      quarantined: [{id: 3, _rules: [known]}]
  - name: a batch fails
    table: clean
    given: {orders: [[1, ann, 5000]]}
    expect: {count: 0}
  - name: a batch that fails as expected
    table: clean
    given: {orders: [[1, ann, 5000]]}
    expect: {error: rule, count: 0}
  - name: another failure is expected
    table: clean
    given: {orders: [[1, ann, 5000]]}
    expect: {error: sql}
  - name: nothing fails
    table: clean
    given: {orders: [[1, ann, 5]]}
    expect: {error: true, rows: [[1, ann, 5.00, null]]}
END
smelt test --report junit=../report.xml | sed 's/ in [0-9].*//'
echo "-- status"
smelt -q test -k 'nothing fails' >/dev/null
echo "exit $?"
echo "-- as JSON"
smelt test --json -k 'rows differ' | grep -v duration_ms
echo "-- as JUnit"
sed 's/ time="[^"]*"//' ../report.xml
