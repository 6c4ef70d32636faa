# SPDX-License-Identifier: Apache-2.0
# The scripts are made from the tables; bash really completes with its one, zsh and fish where they are installed.
smelt -q init
cat >ask.bash <<'END'
source <(smelt completions bash)
ask() {
    COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
    _smelt
    echo "$*: ${COMPREPLY[*]}"
}
ask smelt va
ask smelt -q pl
ask smelt run --keep
ask smelt run --no-inp
ask smelt run --select readings_s
ask smelt run -s readings_1
ask smelt show readings_b
ask smelt show --res
ask smelt completions x
cd /
ask smelt show readings_b
END
bash ask.bash
for shell in bash zsh fish; do
    smelt completions $shell >script.$shell
    if command -v $shell >/dev/null; then $shell -n script.$shell || echo "$shell refuses its script"; fi
done
# every command and every option stands in each of them
for command in $(smelt -h | sed -n 's/^  smelt \([a-z]*\)  .*/\1/p'); do
    for shell in bash zsh fish; do
        grep -q "\<$command\>" script.$shell || echo "$shell lacks $command"
        for option in $(smelt $command -h | sed -n 's/^  \(-., \)*--\([a-z-]*\).*/\2/p'); do
            grep -q -e "--$option\>" -e " -l $option\>" script.$shell || echo "$shell lacks $command --$option"
        done
    done
done
smelt completions tcsh; echo "exit $?"
