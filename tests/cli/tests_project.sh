# SPDX-License-Identifier: Apache-2.0
# A project of several pipelines: which tests are for which, and inputs of every kind.
mkdir -p pipelines/tests tmp
printf 'version: 1\nname: two\n' >smelt.yml
cat >pipelines/a.yml <<'END'
version: 1
pipeline: alpha
storage: ../lake
sources:
  raw: {type: generate, rows: 5}
tables:
  numbers:
    sql: SELECT value AS id FROM STREAM(raw)
END
cat >pipelines/b.yml <<'END'
version: 1
pipeline: beta
storage: ../lake
sources:
  events: {type: files, path: in/*.json, format: json, schema: [{name: id, data_type: BIGINT}, {name: who, data_type: BIGINT}]}
  tags: {type: files, path: tags/*.json, format: json, schema: [{name: id, data_type: BIGINT}, {name: t, data_type: "VARCHAR[]"}, {name: m, data_type: "MAP(VARCHAR, DOUBLE)"}, {name: d, data_type: DATE}, {name: b, data_type: BLOB}, {name: f, data_type: FLOAT}]}
tables:
  people:
    type: view
    sql: SELECT id, 'n' || id AS name FROM alpha.numbers
  joined:
    sql: SELECT e.id, p.name FROM STREAM(events) e LEFT JOIN people p ON p.id = e.who
    expectations:
      there: {foreign_key: {columns: [id], to: parents, field: [id]}}
  parents:
    sql: SELECT id FROM STREAM(events)
  both:
    flows:
      one: {sql: SELECT id FROM STREAM(events)}
      two: {sql: SELECT who AS id FROM STREAM(events) WHERE who IS NOT NULL}
  tagged:
    sql: SELECT * FROM STREAM(tags)
  sorted:
    type: materialized_view
    sql: SELECT id FROM events ORDER BY id DESC
END
cat >pipelines/tests/beta.yml <<'END'
version: 1
pipeline: ../b.yml
tests:
  - name: a table of another pipeline
    table: joined
    given: {alpha.numbers: [{id: 1}], events: [{id: 7, who: 1}]}
    expect: {rows: [[7, n1]]}
  - name: a view is replaced, and a table that a check refers to
    table: joined
    given: {people: [{id: 1, name: x}], parents: [{id: 9}], events: [{id: 7, who: 1}]}
    expect: {rows: [[7, x]]}
  - name: two flows
    table: both
    given: {events: [[1, 2], [3, null]]}
    expect: {rows: [[1], [2], [3]]}
  - name: nested
    table: tagged
    given: {tags: [{id: 1, t: [a, b], m: {x: 1, y: 2.5}, d: 2026-01-31, b: abc, f: 0.1}, {id: 2, t: [], m: {}}]}
    expect: {rows: [{id: 1, t: [a, b], m: {x: 1.0, y: 2.50}, d: "2026-01-31", b: abc, f: 0.1}, {id: 2, t: [], d: null}]}
  - name: nested differs
    table: tagged
    given: {tags: [{id: 1, t: [a, b], m: {x: 1, y: 2.5}, d: 2026-01-31, b: abc}]}
    expect: {rows: [{id: 1, t: [b, a], m: {x: 1.0}, d: "2026-01-30"}]}
  - name: order
    table: sorted
    given: {events: [[1], [3], [2]]}
    expect: {rows: [[3], [2], [1]], ordered: true}
  - name: order differs
    table: sorted
    given: {events: [[1], [3], [2]]}
    expect: {rows: [[1], [2], [3]], ordered: true}
  - name: no such fault
    given: {}
    expect: {error: SM0501}
END
cat >pipelines/alpha_test.yml <<'END'
version: 1
tests:
  - name: ambiguous
    table: numbers
    given: {raw: [{value: 1}]}
    expect: {rows: [[1]]}
END
tests() { smelt -q test "$@" | sed 's/ in [0-9].*//'; }
tests
sed -i 's/^version: 1$/version: 1\npipeline: a.yml/' pipelines/alpha_test.yml
tests
echo "-- of a pipeline, of a folder, of a file, from elsewhere"
tests alpha
tests pipelines/a.yml
tests pipelines -k 'two flows'
tests pipelines/tests/beta.yml -k 'two flows'
(cd pipelines/tests && tests beta.yml -k 'two flows')
smelt -C pipelines/tests -q test -k 'two flows' | sed 's/ in [0-9].*//'
smelt test gamma
echo "exit $?"
echo "-- a file of tests is no pipeline"
smelt -q validate | sed 's/ in [0-9].*//'
echo "-- a fault of the pipeline that is expected"
sed -i 's/SELECT id FROM STREAM(events)$/SELECT idd FROM STREAM(events)/; s/error: SM0501/error: SM0203/' pipelines/b.yml pipelines/tests/beta.yml
tests beta -k 'no such fault'
echo "-- stopped"
cat >run.py <<'END'
import os, signal, subprocess, sys
p = subprocess.Popen(["smelt", "test", "alpha", "pipelines/tests"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                     env=dict(os.environ, TMPDIR=os.getcwd() + "/tmp"))
p.stdout.readline()
p.send_signal(signal.SIGINT)
p.stdout.read()
print(p.wait(), os.listdir("tmp"))
END
"$SM_PYTHON" run.py
