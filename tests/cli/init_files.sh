# SPDX-License-Identifier: Apache-2.0
smelt init new --template files
smelt -C new validate -q --json | grep '"valid"'
smelt init --template kafka
echo "exit $?"
smelt init --template nix
echo "exit $?"
