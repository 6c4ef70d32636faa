# SPDX-License-Identifier: Apache-2.0
# docs/guide/quarantine.md: its pipeline runs, and what it shows of a run is what a run says.
"$SM_PYTHON" - "$SM_SOURCE/docs/guide/quarantine.md" >pipeline.yml <<'EOF'
import re, sys
print(re.findall(r"```yaml\n(.*?)```", open(sys.argv[1], encoding="utf-8").read(), re.S)[0])
EOF
mkdir data
printf '{"id":1,"amount":5}\n{"id":2,"amount":-5}\n{"id":3,"amount":7}\n' >data/a.json
smelt preview silver__quarantine
smelt run | sed -E 's/  [0-9.]+ m?s$//; /^Run|^Next/d; s/^shop.*/shop/'
smelt query "SELECT _rules, count(*) FROM silver__quarantine GROUP BY ALL"
smelt query "SELECT id, amount, _run_id, _flow, _batch_id, _attempt FROM silver__quarantine"
smelt status | grep -o '2 written.*'
smelt ls
smelt ls --select 'silver__*'
