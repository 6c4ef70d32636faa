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
echo '-- all of them, and one by name or by -p'
sed -i 's/form: s/from: s/; s/^include.*//' pipelines/orders.yml smelt.yml
rm pipelines/part.yml
smelt status | sed 's/  *[0-9.-]* *[0-9:]* *[0-9]* ms$//; s/  [0-9-]* [0-9:]*//; s/run 1 succeeded.*/run 1 succeeded/'
smelt status --json | python3 -c 'import json,sys; print([d["pipeline"] for d in json.load(sys.stdin)["pipelines"]])'
smelt runs --json | python3 -c 'import json,sys; print([(r["pipeline"], r["number"]) for r in json.load(sys.stdin)["runs"]])'
smelt runs | tail -n 1
smelt runs people 1 | tail -n 1
smelt runs -p people | tail -n 1
for command in status pause run validate; do smelt -q $command -p people >/dev/null 2>&1 && echo "$command -p people"; done
smelt pause people -p orders
echo "exit $?"
smelt token create --role viewer >/dev/null 2>&1
smelt token list | awk '{print $2}'
