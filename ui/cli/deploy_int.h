/* SPDX-License-Identifier: Apache-2.0 */
/* deploy_int.h -- what the files of a deployment share. */
#ifndef SM_CLI_DEPLOY_INT_H
#define SM_CLI_DEPLOY_INT_H

#include "runtime/base/thread.h"
#include "ui/cli/deploy.h"
#include "ui/cli/pinned.h"
#include "ui/cli/stores.h"

/* What outlives the deployments of a pipeline. */
typedef struct sm_deploy_memory {
    struct sm_deploy_memory *next;
    sm_sv pipeline;
    sm_run_memory *memory;
    sm_atomic trimmed_boot; /* when what is too old was dropped last; 0: not yet */
} sm_deploy_memory;

typedef struct sm_deploy_told sm_deploy_told; /* deploy_fresh.c */
typedef struct sm_deploy_watcher sm_deploy_watcher;
void sm_deploy__free_watcher(sm_deploy_watcher *w); /* NULL is fine */

struct sm_deploy {
    const sm_cli *c;
    const char *const *names;
    size_t n_names;
    sm_event_bus *bus;
    sm_stores *stores;
    struct sm_cpu_meter *meter; /* of all runs */
    sm_deploy_told *told;       /* of the thread that checks freshness */
    sm_deploy_watcher *watcher; /* of the thread that looks; NULL: nobody did */
    sm_mutex load_mu;           /* one load at a time; taken before mu */
    sm_mutex mu;                /* guards all below */
    sm_arena *a;                /* memories and their names */
    sm_deployed **items;
    size_t n;
    sm_pinned *pinned;
    sm_deploy_memory *memories;
    sm_buf fault;
    sm_sv server; /* what the first load said of the server, in `a`; ptr NULL: nothing yet */
    bool server_changed;
    int64_t stamp, folder_stamp; /* of the files at the last load; of their folders */
    size_t n_files;              /* that a project listed then */
};

/* Load the pipeline of `path`, from the disk or from what is pinned (NULL: the disk).  *out is
 * NULL when it is not SM_EXIT_DONE, and what is wrong was printed; its first line is in `fault`. */
int sm_deploy__open(sm_deploy *d, const char *path, sm_pinned *pinned, sm_deployed **out,
                    sm_buf *fault);
/* The one of that name gives way to `x`, which is taken. */
void sm_deploy__replace(sm_deploy *d, sm_deployed *x);
/* The i-th, held; NULL: there are no more. */
sm_deployed *sm_deploy__at(sm_deploy *d, size_t i);
/* Texts that runs read; to be freed by the caller. */
sm_pinned *sm_deploy__pinned(sm_deploy *d);
sm_deploy_memory *sm_deploy__memory(sm_deploy *d, sm_sv pipeline);
/* Once in a while, drop what is too old of a pipeline's history (deploy_trim.c). */
void sm_deploy__trim(sm_deploy *d, sm_store *store, sm_sv pipeline);
/* How many runs there may be at once. */
int sm_deploy__workers(const sm_deploy *d);
int sm_deploy__attempts(const sm_spec *spec);
/* What the spec says of when it runs; lives in `a`. */
sm_schedule sm_deploy__schedule(const sm_deployed *x, sm_arena *a);

#endif
