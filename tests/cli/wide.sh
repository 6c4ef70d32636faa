# SPDX-License-Identifier: Apache-2.0
# Wide characters and marks take the cells that a terminal gives them.
mkdir data
cat >data/a.json <<'Y'
{"city":"東京","mark":"e\u0301","n":1}
{"city":"Köln","mark":"👍","n":22}
Y
cat >pipeline.yml <<'Y'
version: 1
pipeline: p
storage: ./lake
sources: {s: {type: files, path: data/*.json, format: json}}
tables: {t: {from: s}}
Y
smelt -q run >/dev/null
smelt query "SELECT city, mark, n FROM t ORDER BY n"
