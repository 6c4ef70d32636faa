# SPDX-License-Identifier: Apache-2.0
# Tables of another pipeline of the project: read exactly once, grown, rebuilt; and what is refused.
mkdir -p data pipelines
printf '{"id":1,"n":"a"}\n{"id":2,"n":"b"}\n' >data/a.json
cat >smelt.yml <<'Y'
version: 1
defaults: {storage: ./lake}
targets: {dev: {schema: "dev_${pipeline}", storage: ./dev}}
Y
cat >pipelines/ingest.yml <<'Y'
version: 1
pipeline: ingest
schema: raw
sources: {s: {type: files, path: ../data/*.json, format: json, schema_hints: "n VARCHAR"}}
tables:
  readings: {from: s, expectations: {small: {expect: id < 100, on_violation: quarantine}}}
  sums: {type: materialized_view, sql: SELECT count(*) AS n FROM readings}
  own: {type: materialized_view, sql: SELECT 1 AS one, private: true}
  shown: {type: view, from: readings}
Y
cat >pipelines/report.yml <<'Y'
version: 1
pipeline: report
tables:
  copy: {from: raw.readings}
  total: {type: materialized_view, sql: "SELECT s.n, count(*) AS k FROM ingest.sums s, raw.readings GROUP BY ALL"}
  bad: {from: raw.readings__quarantine}
Y
run() { # flows run side by side: in the order of their names
	smelt run "$@" 2>&1 | sed -n 's/  *[0-9.]* m\{0,1\}s$//; /^  /p' | sort
}
ids() {
	smelt query --pipeline report "SELECT * EXCLUDE _rescued_data, (SELECT k FROM total) AS k, (SELECT count(*) FROM bad) AS bad FROM copy ORDER BY id"
}
echo '-- valid before anything ran'
smelt validate | sed 's/ in .*//'
run report
echo '-- run, append with a new column, run'
run -q ingest >/dev/null && run report
printf '{"id":3,"n":"c"}\n{"id":333,"n":"x"}\n' >data/b.json
printf '{"id":4,"n":"d","z":1.5}\n' >data/c.json
run -q ingest >/dev/null && run report && run report
ids
echo '-- another schema by a target'
run -q -t dev ingest >/dev/null && run -t dev report
smelt -t dev query --pipeline report "SELECT count(*) AS n FROM copy"
echo '-- rebuilt: the reader too'
smelt run ingest --full-refresh '*' --yes 2>&1
run ingest --full-refresh '*' --yes --keep-downstream >/dev/null
printf '{"id":5}\n' >data/d.json
run -q ingest >/dev/null
run report
run report --full-refresh copy --yes
ids
echo '-- a column gets another name'
sed -i 's/count(.) AS n FROM/count(*) AS amount FROM/' pipelines/ingest.yml
run -q ingest >/dev/null
smelt validate pipelines/report.yml 2>&1 | sed 's/ in [0-9].*//'
echo '-- what cannot be read'
cat >pipelines/wrong.yml <<'Y'
version: 1
pipeline: wrong
tables:
  a: {from: rwa.readings}
  b: {from: raw.reading}
  c: {from: raw.own}
  d: {from: raw.shown}
  e: {from: raw.s}
  f: {from: raw.sums}
  g: {from: raw.sums__quarantine}
Y
smelt validate pipelines/wrong.yml 2>&1 | sed 's/ in [0-9].*//'
echo '-- a way round'
rm pipelines/wrong.yml
cat >pipelines/one.yml <<'Y'
version: 1
pipeline: one
tables: {a: {from: two.mid}, c: {type: view, from: copied}, copied: {from: report.copy}}
Y
cat >pipelines/two.yml <<'Y'
version: 1
pipeline: two
tables: {b: {from: one.a}, mid: {from: b}}
Y
smelt validate 2>&1 | sed 's/ in [0-9].*//'
