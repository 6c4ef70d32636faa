# SPDX-License-Identifier: Apache-2.0
# A table whose rows are old is stale although its run went well, and so is said where one looks.
age() { sed 's/newest row is of .* ago/newest row is of AGE ago/; s/  [0-9.]* m*s$/  TIME/; s/[0-9-]* [0-9:]*  *its/WHEN  its/'; }
mkdir landing
cat >pipeline.yml <<'YAML'
version: 1
pipeline: shop
storage: ./lake
freshness: {warn_after: 1h, error_after: 6h}
sources:
  readings:
    type: files
    path: landing/*.json
    format: json
    schema_hints: "id VARCHAR, ts TIMESTAMP"
    watermark: {column: ts, delay: 1 minute}
tables:
  once:
    from: readings
    deduplicate: {keys: [id]}
    unbounded_state: accepted
YAML
echo '{"id": "a", "ts": "2026-01-01T00:00:00Z"}' >landing/1.json
smelt -q run >/dev/null
smelt status | sed 1d | age
smelt why once | grep -v written | age
smelt status --json | grep -o '"state": *"stale"'
