# SPDX-License-Identifier: Apache-2.0
# Reports say what the command says: names of files from the root of the repository, totals that are sums.
mkdir -p repo/.git repo/shop/data && cd repo/shop
for i in 1 2 3 4; do echo "{\"id\":$i,\"x\":$((i - 2))}"; done >data/a.json
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
      x_there: {expect: x > 0, on_violation: $1}
      x_odd: {expect: 'id < 3 AND "x" <> 7', on_violation: warn, warn_if: "> 50%"}
  silver:
    from: bronze
    expectations:
      has_id: id IS NOT NULL
END
}
timeless() { sed 's/time="[0-9.]*"/time="T"/; s/[0-9.]* m*s |$/T |/; s/ in [0-9.]* m*s$//'; }
echo "--- a run with warnings"
pipeline drop
smelt run -q --report junit=j.xml --report sarif=s.json -o run.json --format github | timeless
timeless <j.xml
sed -n '/"results"/,$p' s.json
"$SM_PYTHON" -c 'import json; d = json.load(open("run.json")); print(d["state"], [r["failed"] for r in d["flows"][0]["expectations"]])'
echo "--- a run that fails; in a job, where all comes by itself"
rm -r lake
pipeline fail
GITHUB_ACTIONS=true GITHUB_WORKSPACE=$PWD GITHUB_STEP_SUMMARY=summary.md smelt run -q --report junit=j.xml --json >/dev/null
echo "exit $?"
timeless <j.xml
timeless <summary.md
echo "--- nothing new: nothing judged, nothing passed"
pipeline warn
smelt run -q >/dev/null
smelt run -q --report junit=j.xml >/dev/null
grep -c '<skipped message="nothing new"/>' j.xml
echo "--- files with faults, by validate, run and plan"
sed 's/has_id: id/has_id: idd/; s/x > 0/xx > 0/' pipeline.yml >bad.yml
rm -f summary.md
GITHUB_ACTIONS=true GITHUB_STEP_SUMMARY=summary.md smelt validate pipeline.yml bad.yml none.yml --report junit=j.xml 2>err
echo "exit $?"
grep '^::' err
timeless <j.xml
cat summary.md
smelt run bad.yml --report sarif=s.json --format github 2>/dev/null
echo "exit $?"
sed -n '/"results"/,$p' s.json | grep '"uri"\|Line\|Column\|ruleId'
smelt plan --pipeline bad.yml -o plan.json 2>/dev/null
echo "exit $?"
grep '"state"\|"code"' plan.json
echo "--- a plan"
sed 's/x > 0/x > 1/' pipeline.yml >edited && mv edited pipeline.yml
GITHUB_STEP_SUMMARY=plan.md smelt plan -q --format github
cat plan.md
echo "--- what cannot be written is said before any work"
for words in "--report junit=nowhere/j.xml" "--report html=x" "--report junit=" "-o ." "--format xml"; do
    smelt run $words 2>&1 | head -n 1
done
