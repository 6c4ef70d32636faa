# SPDX-License-Identifier: Apache-2.0
smelt -q init
smelt -q run >/dev/null
for command in "runs x" "runs 99" "runs 1 2" "events --level loud" "events --run 44" "events --table nix" "events x" \
    "status x" "plan x" "doctor x" "ls x" "preview" "preview a b" "preview nix" "checkpoint show nix" "explain a b" \
    "version --nix" "status --pipeline" "--version" "run --foo" "run --ful-refresh"; do
    smelt $command >out 2>err
    echo "$command: exit $?: $(head -n 1 err)"
done
