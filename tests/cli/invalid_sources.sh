# SPDX-License-Identifier: Apache-2.0
# What only the source can tell is a fault of the document too, with its place.
cat >pipeline.yml <<'YAML'
version: 1
pipeline: x
storage: ./lake
sources:
  lines: {type: files, path: in/*.csv, format: csv, sep: ab, schema: [{name: a, data_type: INT}]}
  made:
    type: generate
    rows: 3
    fields: {id: {type: int, min: 5, max: 1}}
  unread: {type: files, path: "in/**.txt", format: text}
tables:
  t: {from: lines}
  u: {from: made}
YAML
smelt validate 2>&1 | sed 's/ in [0-9.]* m\{0,1\}s$//'
