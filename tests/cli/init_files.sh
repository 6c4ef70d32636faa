# SPDX-License-Identifier: Apache-2.0
smelt init new --template files
smelt -C new validate -q --json | grep '"valid"'
echo '{"id":1}' >new/data/first.json
# the commands of its README, in their order
sed -n 's/^    \(smelt [a-z_ ]*[a-z_]\)   .*/\1/p' new/README.md | while read -r line; do
    echo "\$ $line"
    (cd new && $line) | sed 's/ [0-9.]* m*s$//; s/ @ [0-9a-f]*$//'
done
smelt init topic --template kafka
smelt -C topic sources kafka -q | head -n 1
smelt init --template nix
echo "exit $?"
