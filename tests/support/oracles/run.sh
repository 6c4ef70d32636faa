#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# run.sh -- run a Python test with the packages of requirements.txt: run.sh test.py [arguments]
if [ ! -x "${SM_PYTHON:=}" ]; then
    echo "the Python environment of the tests is not there: run scripts/setup --tests"
    exit 1
fi
exec "$SM_PYTHON" -B "$@"
