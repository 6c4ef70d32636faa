# SPDX-License-Identifier: Apache-2.0
# What to type next finds what this call found: -C, -p, -t and the pipeline's name are in it.
mkdir -p 'my shop/pipelines' 'my shop/data'
printf '{"id":1}\n{"id":-1}\n' >'my shop/data/a.json'
printf 'version: 1\ndefaults: {storage: ./lake}\ntargets: {dev: {storage: ./dev}}\n' >'my shop/smelt.yml'
for name in one two; do
	cat >"my shop/pipelines/$name.yml" <<Y
version: 1
pipeline: $name
sources: {s: {type: files, path: ../data/*.json, format: json}}
tables: {t: {from: s, expectations: {above: {expect: id > 0, on_violation: quarantine}}}}
Y
done
next() { smelt "$@" 2>&1 | grep '^Next'; }
next -C 'my shop' validate
next -C 'my shop' run one -t dev
next -C 'my shop' -t dev quarantine show t -p one
next -C 'my shop' -t dev quarantine show tt -p one
cd 'my shop'
next validate pipelines/two.yml
next plan -p two
next status -p two
next run two
eval "$(next run two | sed 's/^Next: //')" | grep -o 'run 2 succeeded'
next run -q two
smelt -t dev run one --json | grep '"next"'
