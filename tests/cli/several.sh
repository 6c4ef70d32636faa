# SPDX-License-Identifier: Apache-2.0
# Several pipelines of one project: checked together, run by name, in one control store.
mkdir -p data pipelines
printf '{"id":1}\n' >data/a.json
cat >smelt.yml <<'Y'
version: 1
defaults: {storage: ./lake}
Y
for name in orders people; do
	cat >pipelines/$name.yml <<Y
version: 1
pipeline: $name
sources: {s: {type: files, path: ../data/*.json, format: json}}
tables: {t: {from: s}}
Y
done
echo 'version: 2' >pipelines/part.yml
smelt validate | sed 's/ in .*//'
smelt run
echo "exit $?"
smelt -q run people >/dev/null && smelt -q run orders >/dev/null
smelt status --pipeline people | head -n 1 | sed 's/run.*//'
find . -name _delta_log -o -name smelt.db | sort
(cd pipelines && smelt query --pipeline orders "SELECT count(*) AS n FROM t")
sed -i 's/from: s/form: s/' pipelines/orders.yml
smelt validate --json | python3 -c 'import json,sys; [print(d["file"], d["valid"]) for d in json.load(sys.stdin)]'
echo 'include: [pipelines/p*.yml]' >>smelt.yml
smelt validate | sed 's/ in .*//'
smelt run nobody
echo "exit $?"
