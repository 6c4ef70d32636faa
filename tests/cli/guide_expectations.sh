# SPDX-License-Identifier: Apache-2.0
# Each pipeline in the guide is one that smelt takes.
mkdir orders people
echo '{"id":1}' >people/a.json
echo '{"id":1,"amount":2.5,"status":"open","email":"a@b"}' >orders/a.json
awk '/^```yaml$/ { n++; out = "guide" n ".yml"; next } /^```$/ { out = "" } out { print > out }' \
    "$SM_SOURCE/docs/guide/expectations.md"
for file in guide*.yml; do
    smelt -q validate "$file" >out 2>&1 && echo "$file is valid" || cat out
done
