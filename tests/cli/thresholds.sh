# SPDX-License-Identifier: Apache-2.0
tidy() {
    sed "s/  [0-9.]* m*s$//; s/ in [0-9.]* m*s$//; s/ @ [0-9a-f]*$//"
}
mkdir data
for i in 1 2 3 4 5 6 7 8; do echo "{\"id\":$i,\"x\":$((i % 4))}"; done >data/a.json
pipeline() {
    cat >pipeline.yml <<END
version: 1
pipeline: shop
storage: ./lake
sources:
  orders: {type: files, path: "data/*.json", format: json}
tables:
  bronze:
    from: orders
    expectations:
      x_there: {expect: x > 0, on_violation: drop, warn_if: "$1", fail_if: "$2"}
  silver:
    from: bronze
END
}
echo "--- below both"
pipeline "> 2" ">= 50%"
smelt run | tidy
echo "--- over warn_if"
pipeline "> 1" ">= 50%"
smelt run -y --full-refresh "bronze silver" | tidy
smelt runs 2 | grep x_there
echo "--- over fail_if: what is written stays, readers are skipped"
rm -r lake
pipeline "> 1" ">= 25%"
smelt run >out; echo "exit $?"
tidy <out
smelt query "SELECT count(*) AS n FROM bronze"
smelt events --run 1 --level warn --json | grep -o '"crossed[^,]*\|"threshold[^,]*\|"key[^,]*\|"type":"[a-z_]*"'
smelt show bronze | tail -n 2
echo "--- the next run has nothing to judge"
smelt run | tidy
echo "--- a batch of 1,000 rows is judged before it is written"
for i in $(seq 1000); do echo "{\"id\":$i,\"x\":$((i % 2))}"; done >data/b.json
smelt run --json >out; echo "exit $?"
grep -o '"error": *"[^"]*\(\\.[^"]*\)*"' out | head -n 1
smelt query "SELECT count(*) AS n FROM bronze"
