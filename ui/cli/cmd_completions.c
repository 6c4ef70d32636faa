/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_completions.c -- smelt completions: what a shell needs to complete words of ours.
 *
 * Made from the tables of commands and options, so it never knows more or less than the program.
 * Names of datasets come from `smelt ls` at the moment of asking. */
#include "ui/cli/cli.h"
#include "ui/cli/exit_code.h"

enum { SCRIPT_MAX = 1024 * 1024 };

/* Commands whose argument is a dataset, and values that are a selection of datasets. */
static const char *const of_datasets[] = { "show", "preview", NULL };
static const char *const selections[] = { "--select", "--exclude", "--full-refresh", NULL };

static bool is_in(const char *const *list, const char *word)
{
    for (; *list != NULL; list++)
        if (strcmp(*list, word) == 0)
            return true;
    return false;
}

static void add_commands(sm_buf *b, const char *between)
{
    for (const sm_command *const *k = sm_commands(); *k != NULL; k++)
        sm_buf_addf(b, "%s%s", k == sm_commands() ? "" : between, (*k)->name);
}

/* " --select -s" */
static void add_options(sm_buf *b, const sm_cli_option *list)
{
    for (; list != NULL && list->name != NULL; list++)
        sm_buf_addf(b, " %s%s%s", list->name, list->brief == NULL ? "" : " ",
                    list->brief == NULL ? "" : list->brief);
}

/* ---- bash -------------------------------------------------------------------------- */

static void add_bash(sm_buf *b)
{
    sm_buf_adds(b, "# smelt completions bash: source this, or put it where bash-completion looks\n"
                   "_smelt() {\n"
                   "    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}\n"
                   "    local command='' words='' i\n"
                   "    COMPREPLY=()\n"
                   "    for ((i = 1; i < COMP_CWORD; i++)); do\n"
                   "        case ${COMP_WORDS[i]} in\n"
                   "        ");
    add_commands(b, " | ");
    sm_buf_adds(b, ")\n            command=${COMP_WORDS[i]}\n            break\n            ;;\n"
                   "        esac\n    done\n    case $prev in\n    -s");
    for (size_t i = 0; selections[i] != NULL; i++)
        sm_buf_addf(b, " | %s", selections[i]);
    sm_buf_adds(b, ")\n        words=$(smelt ls 2>/dev/null | cut -d ' ' -f 1)\n"
                   "        COMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
                   "        return\n        ;;\n    esac\n    case $command in\n    '')\n"
                   "        words=\"");
    add_commands(b, " ");
    sm_buf_adds(b, "\"\n        ;;\n");
    for (const sm_command *const *k = sm_commands(); *k != NULL; k++) {
        if ((*k)->options == NULL && !is_in(of_datasets, (*k)->name))
            continue;
        sm_buf_addf(b, "    %s)\n        words=\"", (*k)->name);
        add_options(b, (*k)->options);
        sm_buf_adds(b, "\"\n");
        if (is_in(of_datasets, (*k)->name))
            sm_buf_adds(b, "        [[ $cur == -* ]] || words=$(smelt ls 2>/dev/null | cut -d ' ' "
                           "-f 1)\n");
        sm_buf_adds(b, "        ;;\n");
    }
    sm_buf_adds(b, "    esac\n    [[ $cur == -* ]] && words=\"$words");
    add_options(b, sm_cli_global_options());
    sm_buf_adds(b, "\"\n    COMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n}\n"
                   "complete -o default -F _smelt smelt\n");
}

/* ---- zsh --------------------------------------------------------------------------- */

static void add_zsh_options(sm_buf *b, const sm_cli_option *list)
{
    for (; list != NULL && list->name != NULL; list++) {
        const char *names[2] = { list->name, list->brief };

        for (size_t i = 0; i < 2 && names[i] != NULL; i++) {
            sm_buf_addf(b, " '*%s", names[i]);
            if (list->value != NULL)
                sm_buf_addf(b, ":value:%s",
                            is_in(selections, list->name) ? "_smelt_names" : "_files");
            sm_buf_adds(b, "'");
        }
    }
}

static void add_zsh(sm_buf *b)
{
    sm_buf_adds(b, "#compdef smelt\n"
                   "_smelt_names() { compadd -- $(smelt ls 2>/dev/null | cut -d ' ' -f 1); }\n"
                   "_smelt() {\n"
                   "    if (( CURRENT == 2 )); then\n        compadd -- ");
    add_commands(b, " ");
    sm_buf_adds(b, "\n        return\n    fi\n    case ${words[2]} in\n");
    for (const sm_command *const *k = sm_commands(); *k != NULL; k++) {
        sm_buf_addf(b, "    %s) _arguments", (*k)->name);
        add_zsh_options(b, (*k)->options);
        add_zsh_options(b, sm_cli_global_options());
        sm_buf_addf(b, " '*:argument:%s' ;;\n",
                    is_in(of_datasets, (*k)->name) ? "_smelt_names" : "_files");
    }
    sm_buf_adds(b, "    esac\n}\ncompdef _smelt smelt\n");
}

/* ---- fish -------------------------------------------------------------------------- */

/* The first line of a sentence, in quotes of fish. */
static void add_doc(sm_buf *b, const char *doc)
{
    sm_buf_adds(b, " -d '");
    for (; *doc != '\0' && *doc != '\n'; doc++) {
        if (*doc == '\'' || *doc == '\\')
            sm_buf_addc(b, '\\');
        sm_buf_addc(b, *doc);
    }
    sm_buf_adds(b, "'\n");
}

static void add_fish_options(sm_buf *b, const char *command, const sm_cli_option *list)
{
    for (; list != NULL && list->name != NULL; list++) {
        sm_buf_adds(b, "complete -c smelt");
        if (command != NULL)
            sm_buf_addf(b, " -n '__fish_seen_subcommand_from %s'", command);
        sm_buf_addf(b, " -l %s", list->name + 2);
        if (list->brief != NULL)
            sm_buf_addf(b, " -s %s", list->brief + 1);
        if (list->value != NULL)
            sm_buf_adds(b, " -r");
        if (is_in(selections, list->name))
            sm_buf_adds(b, " -f -a '(__smelt_names)'");
        add_doc(b, list->doc);
    }
}

static void add_fish(sm_buf *b)
{
    sm_buf_adds(b, "function __smelt_names\n    smelt ls 2>/dev/null | cut -d ' ' -f 1\nend\n");
    add_fish_options(b, NULL, sm_cli_global_options());
    for (const sm_command *const *k = sm_commands(); *k != NULL; k++) {
        sm_buf_addf(b, "complete -c smelt -n __fish_use_subcommand -f -a %s", (*k)->name);
        add_doc(b, (*k)->summary);
        add_fish_options(b, (*k)->name, (*k)->options);
        if (is_in(of_datasets, (*k)->name))
            sm_buf_addf(b,
                        "complete -c smelt -n '__fish_seen_subcommand_from %s' -f -a "
                        "'(__smelt_names)'\n",
                        (*k)->name);
    }
}

static int completions_exec(sm_cli *c)
{
    static const struct {
        const char *shell;
        void (*add)(sm_buf *b);
    } shells[] = { { "bash", add_bash }, { "zsh", add_zsh }, { "fish", add_fish } };
    const char *shell = sm_cli_arg(c, 0);
    sm_buf b;

    for (size_t i = 0; c->n_args == 1 && i < sizeof shells / sizeof shells[0]; i++) {
        if (strcmp(shell, shells[i].shell) != 0)
            continue;
        sm_buf_init(&b, SCRIPT_MAX);
        shells[i].add(&b);
        return sm_cli_out(&b);
    }
    return sm_cli_usage(c, "completions takes the name of a shell: bash, zsh or fish");
}

const sm_command sm_command_completions = {
    .name = "completions",
    .group = "admin",
    .summary = "Print what a shell needs to complete words of smelt",
    .usage = "bash|zsh|fish",
    .examples = "source <(smelt completions bash)\n"
                "smelt completions fish > ~/.config/fish/completions/smelt.fish",
    .exec = completions_exec,
};
