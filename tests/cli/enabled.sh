# SPDX-License-Identifier: Apache-2.0
# `enabled: false` takes a table or a rule out; `reset_allowed: false` refuses a full refresh.
mkdir data
printf '{"id":1}\n{"id":-2}\n' >data/a.json
cat >pipeline.yml <<'Y'
version: 1
pipeline: p
owner: data team
storage: ./lake
sources: {s: {type: files, path: data/*.json, format: json}}
tables:
  kept:
    from: s
    owner: ann
    reset_allowed: false
    expectations: {positive: {expect: id > 0, on_violation: drop, enabled: false}}
  later: {from: kept}
Y
smelt -q run >/dev/null
smelt query "SELECT count(*) AS n FROM kept"
smelt -y run --full-refresh kept
echo "exit $?"
smelt -y -q run --full-refresh later >/dev/null
echo "exit $?"
sed -i 's/later: {from: kept}/later: {from: kept, enabled: false}/' pipeline.yml
smelt status | tail -n +2 | sed 's/ version.*//'
smelt plan | tail -n +2
echo '  last: {from: later}' >>pipeline.yml
smelt validate 2>&1 | head -n 5
sed -i '$d' pipeline.yml
smelt show kept --resolved | grep -E '^(owner|enabled|reset)'
smelt show --resolved | grep owner
