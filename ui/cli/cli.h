/* SPDX-License-Identifier: Apache-2.0 */
/* cli.h -- one command of smelt: its table, its arguments, what it prints with.
 *
 * A command is one file with one sm_command table and one exec function.  Data goes to stdout,
 * messages to stderr; a command returns its exit status (exit_code.h). */
#ifndef SM_CLI_CLI_H
#define SM_CLI_CLI_H

#include <stdbool.h>
#include <stddef.h>

#include "runtime/base/arena.h"
#include "runtime/base/error.h"
#include "runtime/base/json.h"
#include "runtime/base/str.h"

enum { SM_CLI_MAX_OPTIONS = 32, SM_CLI_MAX_ARGS = 256 };

typedef struct sm_cli_option {
    const char *name;  /* "--select" */
    const char *brief; /* "-s"; NULL: none */
    const char *value; /* "S": what it takes; NULL: a flag */
    const char *doc;   /* a sentence; '\n' breaks the line */
} sm_cli_option;

typedef struct sm_cli sm_cli;
typedef struct sm_remote sm_remote; /* remote.h */

typedef struct sm_command {
    const char *name;
    const char *group; /* of `smelt -h`: start, author, change, run, watch, data, admin */
    const char *summary;
    const char *usage;            /* behind "smelt <name> " */
    const sm_cli_option *options; /* ends with a row whose name is NULL; NULL: none */
    const char *examples;         /* two lines, one each */
    bool names_pipeline;          /* its argument is a pipeline, which -p may say as well */
    int (*exec)(sm_cli *c);
    int (*remote)(sm_cli *c, sm_remote *r); /* with --server; NULL: it has no such form */
} sm_command;

struct sm_cli {
    sm_arena *a; /* as long as the command runs */
    const sm_command *command;
    const char *args[SM_CLI_MAX_ARGS]; /* without options; borrowed from argv */
    size_t n_args;
    struct {
        const char *name, *value;
    } options[SM_CLI_MAX_OPTIONS];
    size_t n_options;
    bool json; /* --json, --format json */
    bool quiet;
    bool yes;      /* -y */
    bool no_input; /* --no-input, or no terminal on stdin */
    bool dry_run;
    bool debug;
    bool color; /* on stdout */
    bool color_err;
    bool tty; /* stdout is a terminal that can move its cursor */
    /* Of a process that goes on; NULL: there is none. */
    struct sm_stores *stores; /* that are open; projects borrow theirs */
    struct sm_pinned *pinned; /* what files say, whatever stands in them now */
};

/* The commands, ending with NULL; commands.c. */
const sm_command *const *sm_commands(void);
const sm_cli_option *sm_cli_global_options(void);

/* Parse argv and run.  Returns the exit status. */
int sm_cli_main(int argc, char **argv);

/* The value of an option; NULL when it was not given.  A flag has the value "". */
const char *sm_cli_get(const sm_cli *c, const char *name);
bool sm_cli_has(const sm_cli *c, const char *name);
/* Of a command whose first argument is a pipeline: whether it was said so or by -p, both say it
 * from now on.  0, or 2 when it was said twice. */
int sm_cli_settle_pipeline(sm_cli *c);
/* The same command as for that pipeline, in c->a. */
sm_cli *sm_cli_for_pipeline(const sm_cli *c, const char *name);
/* The i-th argument or NULL. */
const char *sm_cli_arg(const sm_cli *c, size_t i);

/* "smelt: <text>" on stderr. */
SM_PRINTF(2, 3)
void sm_cli_say(const sm_cli *c, const char *fmt, ...);
/* `command` ("smelt preview t") with the options of this call that say where: -C, -p, -t. */
const char *sm_cli_next(const sm_cli *c, const char *command);
/* Tell the failure and return its exit status; `next` is what to type next, or NULL. */
int sm_cli_fail(const sm_cli *c, const sm_error *err, const char *next);
/* Wrong usage: the text, then how to see the help.  Returns 2. */
SM_PRINTF(2, 3)
int sm_cli_usage(const sm_cli *c, const char *fmt, ...);
/* Print the buffer to stdout and release it; the exit status: 0, or 8 when stdout is full. */
int sm_cli_out(sm_buf *b);
/* A document as pretty JSON on stdout. */
int sm_cli_out_json(const sm_cli *c, const sm_json *doc);
/* Ask on the terminal; true for -y.  False, with a message that says how, when nobody can be
 * asked.  The person must type `word`. */
bool sm_cli_confirm(const sm_cli *c, const char *what, const char *word);

#endif
