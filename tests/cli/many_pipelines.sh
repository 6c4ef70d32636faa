# SPDX-License-Identifier: Apache-2.0
# Many pipelines are checked side by side and told in the order of their files.
mkdir pipelines data
printf '{"id":1}\n' >data/a.json
printf 'version: 1\ndefaults: {storage: ./lake}\n' >smelt.yml
for i in $(seq -w 1 30); do
	column=id
	case $i in 07 | 19 | 28) column=idd ;; esac
	cat >pipelines/p$i.yml <<Y
version: 1
pipeline: p$i
sources: {s: {type: files, path: ../data/*.json, format: json}}
tables: {t: {sql: "SELECT $column FROM STREAM(s)"}}
Y
done
smelt validate 2>&1 | grep 'error\[\|warnings' | sed 's/ in [0-9].*//'
smelt validate --json | python3 -c '
import json, sys
rows = json.load(sys.stdin)
print(len(rows), [r["file"] for r in rows] == sorted(r["file"] for r in rows), [r["pipeline"] for r in rows if not r["valid"]])'
