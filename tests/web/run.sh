#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Runs a test of the page: `units`, `types`, or a walk, which is a file of this folder.
set -eu
here=$SM_SOURCE/tests/web
deps=$SM_SOURCE/build/deps

missing() {
    echo "$1 is not there: run scripts/setup --tests" >&2
    exit 1
}
command -v node >/dev/null || missing node

case $1 in
units)
    [ -e "$deps/web/stamp" ] || missing "the page's modules"
    exec node --test "$here"/units/*.test.mjs
    ;;
types)
    [ -e "$deps/sarif/stamp" ] || missing TypeScript
    rm -rf page && mkdir page
    cp -r "$SM_SOURCE"/ui/web/*.js "$SM_SOURCE"/ui/web/*.json "$SM_SOURCE"/ui/web/lib "$SM_SOURCE"/ui/web/parts "$SM_SOURCE"/ui/web/pages page/
    ln -s "$deps/web/node_modules" page/node_modules
    cd page
    exec node "$deps/sarif/node_modules/typescript/bin/tsc" -p .
    ;;
*)
    [ -e "$deps/web-check/stamp" ] || missing playwright
    command -v chromium >/dev/null || missing chromium
    [ "${2:-}" != nginx ] || command -v nginx >/dev/null || missing nginx
    exec node "$here/$@"
    ;;
esac
