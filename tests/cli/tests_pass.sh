# SPDX-License-Identifier: Apache-2.0
# Tests that pass: of an example, of all that a folder has, chosen by name.
cp -r "$SM_SOURCE/examples/iot/pipeline.yml" "$SM_SOURCE/examples/iot/tests" .
smelt test | sed 's/ in [0-9].*//'
echo "-- by name"
smelt -q test --name 'a bad*' | sed 's/ in [0-9].*//'
smelt -q test tests/readings.yml -k 'ten minutes' | sed 's/ in [0-9].*//'
echo "-- no such test"
smelt test --name 'a bad batery is only warned of'
echo "exit $?"
echo "-- nothing is left"
ls
ls "$PWD"/tmp 2>/dev/null
echo "-- kept"
mkdir kept
TMPDIR=$PWD/kept smelt -q test --keep --name 'a bad*' >kept.txt
grep -c 'kept in .*/kept/smelt-test-.*/1$' kept.txt
ls kept/*/1/lake/iot | sort
TMPDIR=$PWD/kept smelt -q test --name 'a bad*' >/dev/null
ls kept | wc -l
echo "-- another example"
cp -r "$SM_SOURCE/examples/hello" hello
smelt -C hello test | sed 's/ in [0-9].*//'
