#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# test_install.sh -- the installed program finds its own DuckDB, beside itself and nowhere else.
set -eu

prefix=$PWD/prefix
rm -rf "$prefix" hello
cmake --install "$SM_BUILD" --prefix "$prefix" >install.log
cp -R "$SM_SOURCE/examples/hello" hello
cd hello
rm -rf lake

"$prefix/bin/smelt" run pipeline.yml

mv "$prefix/lib/smelt/libduckdb.so" "$prefix/elsewhere.so"
rm -rf lake
if "$prefix/bin/smelt" run pipeline.yml >output 2>&1; then
    echo "a run without DuckDB succeeded"
    exit 1
fi
cat output
grep -q SMELT_DUCKDB output

rm -rf lake
SMELT_DUCKDB=$prefix/elsewhere.so "$prefix/bin/smelt" run pipeline.yml
