# SPDX-License-Identifier: Apache-2.0
# smelt.yml: defaults, rules by name and tag, targets with variables, storage and schema; the file that
# each value comes from.
mkdir -p data pipelines
printf '{"id":1,"mail":"a"}\n{"id":2,"mail":null}\n{"id":3,"mail":"c"}\n' >data/a.json
cat >smelt.yml <<'Y'
version: 1
name: shop
variables:
  least: {default: 1, description: The first id that counts}
rules:
  has_mail: {expect: mail IS NOT NULL, on_violation: drop, tags: [pii]}
  counts: id >= $least
defaults:
  storage: ./lake
  sources: {max_files_per_trigger: 7, rows_per_second: 5}
  tables: {layer: silver, tags: [shared]}
state: {path: ./state}
targets:
  dev: {default: true, schema: "dev_${pipeline}"}
  prod: {mode: production, storage: ./prod, state: {path: ./prod/state}, variables: {least: 2}}
Y
cat >pipelines/mail.yml <<'Y'
version: 1
pipeline: mail
description: in ${target}
sources:
  people: {type: files, path: ../data/*.json, format: json}
tables:
  kept: {from: people, layer: gold, expectations: [counts, "tag:pii", {few: id < 3}]}
Y
smelt -q run pipelines/mail.yml >/dev/null && find . -name _delta_log | sort && ls
origins() { grep -E "$1" | tr -s ' '; }
smelt show --pipeline pipelines/mail.yml kept --resolved | origins '^(type|layer|from|tags|.*\.(expect|on_violation|tags)) '
smelt show --pipeline pipelines/mail.yml people --resolved | origins trigger
smelt show --pipeline pipelines/mail.yml -t prod --resolved | origins 'description|schema|storage|state|least|target'
cd pipelines
smelt -t prod -q run mail.yml >/dev/null && find .. -name _delta_log | sort
smelt query --pipeline mail.yml -t prod "SELECT * FROM kept ORDER BY id"
sed -i 's/default: true, schema: "dev_${pipeline}"/schema: x/; s/mode: production/default: true, mode: production/' ../smelt.yml
smelt -y run mail.yml --full-refresh kept
echo "exit $?"
smelt -t prod -q -y run mail.yml --full-refresh kept >/dev/null
echo "exit $?"
smelt -t test validate mail.yml 2>&1 | head -n 2
