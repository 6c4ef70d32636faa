# SPDX-License-Identifier: Apache-2.0
# The blocks are JSON; a block that there is not is named with those that there are.
smelt schema files >block.json && "$SM_PYTHON" -c 'import json; print(sorted(json.load(open("block.json"))["properties"])[:3])'
smelt schema | "$SM_PYTHON" -c 'import json, sys; print(json.load(sys.stdin)["$schema"])'
smelt schema table
echo "exit $?"
