# SPDX-License-Identifier: Apache-2.0
# Steps: batches, files, restarts, the clock, and what each expectation sees.
cat >pipeline.yml <<'END'
version: 1
pipeline: steps
storage: lake
sources:
  events:
    type: files
    path: landing/*/*.csv
    format: csv
    max_files_per_trigger: 1
  people:
    type: files
    path: people.csv
    format: csv
    schema:
      - {name: id, data_type: BIGINT}
      - {name: name, data_type: VARCHAR}
tables:
  bronze:
    from: events
    include_metadata: true
  silver:
    sql: |
      SELECT b.id, p.name, b.amount, now() AS seen
      FROM STREAM(bronze) b LEFT JOIN people p ON p.id = b.who
    expectations:
      known: {expect: name IS NOT NULL, on_violation: quarantine}
      small: {expect: amount < 100, on_violation: fail}
  total:
    type: materialized_view
    sql: SELECT name, sum(amount) AS amount FROM silver GROUP BY name
views: {}
END
sed -i '/^views/d' pipeline.yml
cat >steps_test.yml <<'END'
version: 1
tests:
  - name: batches, a restart and a clock
    table: silver
    steps:
      - ingest:
          events: [{id: 1, who: 1, amount: 5}, {id: 2, who: 9, amount: 6}]
          people: [{id: 1, name: ann}]
      - expect:
          rows: [{id: 1, name: ann, amount: 5, seen: "2026-01-01T00:00:00Z"}]
          quarantined: [{id: 2, _rules: [known]}]
          emitted: [{id: 1}]
      - advance: 10 minutes
      - ingest: {people: [{id: 9, name: bob}]}
      - ingest: {events: [{id: 3, who: 9, amount: 7}]}
      - expect: {last_batch: [{id: 3, name: bob, seen: "2026-01-01T00:10:00Z"}]}
      - restart
      - ingest: {events: [{id: 4, who: 1, amount: 8}]}
      - expect: {emitted: [{id: 4}], count: 3}
      - run: available_now
      - expect: {emitted: [], last_batch: [{id: 4}], quarantined: {silver: 1}, dropped: {silver: 0}}
      - expect: {table: total, rows: [[ann, 13], [bob, 7]]}
      - ingest: {events: [{id: 5, who: 1, amount: 500}]}
      - expect: {error: rule, count: 3, emitted: []}
  - name: files are read by the real source, one for each batch
    table: bronze
    steps:
      - ingest_files:
          events:
            a/1.csv: "id,who,amount\n1,1,5\n2,1,6\n"
            a/2.csv: "id,who,amount\n3,1,7\n"
      - expect: {count: 3, last_batch: [{id: 3, _metadata: {file_name: 2.csv}}]}
      - ingest_files: {events: {b/3.csv: "id,who,amount,more\n4,1,8,x\n"}}
      - expect: {rows: [{id: 1}, {id: 2}, {id: 3}, {id: 4, more: x}]}
      - expect: {table: silver, quarantined: 4, rows: []}
  - name: the same file is read once
    table: bronze
    steps:
      - ingest_files: {events: {a/1.csv: "id,who,amount\n1,1,5\n"}}
      - ingest_files: {events: {a/1.csv: "id,who,amount\n1,1,5\n"}}
      - restart
      - run: available_now
      - expect: {count: 1}
END
smelt test | sed 's/ in [0-9].*//'
