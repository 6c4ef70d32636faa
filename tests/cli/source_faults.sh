# SPDX-License-Identifier: Apache-2.0
# A source that cannot tell its columns is a fault with a place, beside all others.
mkdir data
echo 'no record' >data/a.json
cat >pipeline.yml <<'END'
version: 1
pipeline: x
storage: ./lake
sources:
  folder: {type: files, path: "nix/*.json", format: json}
  file: {type: files, path: data/nix.csv, format: csv}
  records: {type: files, path: data, format: json}
  remote: {type: files, path: "gs://bucket/x", format: json}
  rows: {type: generate, fields: {id: sequence}}
  kind: {type: generate, rows: 1, fields: {id: serial}}
tables:
  t: {from: folder}
  u: {sql: SELECT nix FROM STREAM(t)}
END
for command in validate run status; do
    smelt -q $command 2>/dev/null
    echo "$command: exit $?"
done
smelt validate 2>&1 | sed 's/ in [0-9.]* m\?s$//'
