# SPDX-License-Identifier: Apache-2.0
# Views of the pipeline and sources with a snapshot can be read by their names.
mkdir data
printf '{"id":1,"n":10}\n{"id":2,"n":20}\n' >data/a.json
cat >pipeline.yml <<'Y'
version: 1
pipeline: p
storage: ./lake
sources:
  events: {type: files, path: data/*.json, format: json}
tables:
  doubled:
    type: view
    sql: SELECT id, 2 * n AS n FROM STREAM(events)
  big:
    type: view
    sql: SELECT d.* FROM doubled AS d WHERE d.n > 30
  kept:
    sql: SELECT * FROM big
Y
smelt query "SELECT * FROM events ORDER BY id"
smelt query "SELECT a.id, a.n, b.n AS m FROM doubled a LEFT JOIN big b USING (id) ORDER BY a.id"
smelt -q run >/dev/null
smelt preview kept
