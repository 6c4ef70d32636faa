# SPDX-License-Identifier: Apache-2.0
# Each document is JSON; its keys stand here so that none is lost unseen.
smelt -q init
smelt -q run >/dev/null
keys() {
    echo "$*: $(smelt "$@" --json 2>/dev/null | "$SM_PYTHON" -c '
import json, sys
doc = json.load(sys.stdin)
print(" ".join(sorted(doc if isinstance(doc, dict) else doc[0])))')"
}
keys version
keys explain SM0203
keys explain
keys sources
keys sources files
keys sinks
keys ls
keys graph
keys show
keys show readings_silver
keys show readings --resolved
keys plan
keys status
keys runs
keys runs 1
keys events
keys checkpoint
keys checkpoint show readings_silver
keys doctor
keys preview readings_10m
keys query "SELECT 1 AS one"
mkdir other && keys init other
