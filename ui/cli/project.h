/* SPDX-License-Identifier: Apache-2.0 */
/* project.h -- one pipeline file, loaded: spec, plan, store, engine.
 *
 *     project_open   reads and checks the file, finds the folders
 *     project_plan   the compiled plan: from the store's cache, else compiled (which opens
 *                    the engine)
 *     project_store  the control store, when there is one
 *
 * A project is used by one thread, but for sm_project_engine(), which a run calls under its own
 * lock.  Everything lives until sm_project_close(). */
#ifndef SM_CLI_PROJECT_H
#define SM_CLI_PROJECT_H

#include "pipelines/plan/plan.h"
#include "pipelines/spec/spec.h"
#include "runtime/connect/connect.h"
#include "runtime/engine/engine.h"
#include "runtime/exec/run.h"
#include "runtime/store/store.h"
#include "ui/cli/cli.h"
#include "ui/cli/git.h"

typedef struct sm_project {
    sm_arena *a;
    const sm_cli *c;              /* --var */
    const char *file;             /* as the user named it */
    sm_sv base_dir;               /* absolute folder of the file */
    sm_sv storage_dir, state_dir; /* absolute; of a bucket the former is its image */
    struct durable *durable;      /* of project_durable.c; NULL: state is of this machine alone */
    struct bucket *bucket;        /* of project_bucket.c; NULL: storage is a folder */
    struct sm_images *images;     /* NULL: nothing that it reads is in a bucket */
    sm_atomic give_up;            /* of a run's request, for the clients of buckets */
    sm_sv text;                   /* of the file */
    const char *root;             /* smelt.yml, as messages name it; NULL: there is none */
    const sm_git_tree *at;        /* the files as of a commit; NULL: as they are */
    sm_diags *diags;
    struct sm_used_variable *used;            /* of the environment, by its documents */
    const sm_spec *spec;                      /* NULL when nothing could be made of the file */
    const struct sm_connections *connections; /* with `spec` */
    const sm_plan *plan;                      /* NULL: not compiled, or not valid */
    bool cached;                              /* the plan came from the cache */
    const sm_schema *grown; /* while it is compiled with other columns for one source, else NULL */
    sm_sv grown_source;
    /* Instead of looking outside: the columns of a source that declares none.  NULL: look. */
    sm_code (*columns_of)(void *ctx, const sm_spec_source *source, sm_arena *a, sm_schema *out,
                          sm_error *err);
    void *columns_ctx;
    sm_store *store; /* NULL: not opened, or there is none yet */
    bool store_read_only;
    bool store_borrowed; /* of c->stores */
    int64_t pipeline;    /* id in the store; 0: it never ran */
    bool one_thread;     /* the engine gets one thread: others work beside it */
    int share; /* the engine gets this part of the memory limit: 4, a quarter; 0: all of it */
    sm_engine *engine;                    /* NULL until somebody computes something */
    sm_session *binder;                   /* the planner's session */
    const struct sm_project_files *files; /* of the project; NULL: not listed yet */
    struct sm_project_others *others;     /* NULL: no other pipeline was loaded */
    bool owns_others;                     /* else they belong to the project that loaded this */
    struct sm_project_table *tables;      /* of other pipelines, that the plan reads */
    size_t n_tables, cap_tables;
    bool tables_moved; /* the plan is a kept one, and they have been written to since */
} sm_project;

/* `path`: a file, a folder with a pipeline.yml, the name of a pipeline of the project, or NULL for
 * the pipeline.yml of the working folder or the only pipeline of the project. Faults of
 * the document are in p->diags; fails when there is no file to read. */
sm_code sm_project_open(sm_project *p, const sm_cli *c, const char *path, sm_error *err);
/* The same with the files as of a commit, for comparing: `file` is a file.  SM_E_NOT_FOUND: it
 * was not there.  `tree` is borrowed. */
sm_code sm_project_open_at(sm_project *p, const sm_cli *c, const char *file,
                           const sm_git_tree *tree, sm_error *err);
void sm_project_close(sm_project *p);

/* Open the store to look (none yet is fine: p->store stays NULL) or to write. */
sm_code sm_project_store(sm_project *p, bool read_only, sm_error *err);

/* Compile, unless there are faults already; they are in p->diags afterwards. */
sm_code sm_project_plan(sm_project *p, sm_error *err);
/* Keep the compiled plan for the next run. */
void sm_project_keep_plan(sm_project *p);

/* Compile again, with the columns `schema` for `source`: `replan` of a run, with the project as
 * its ctx.  SM_E_INVALID with the first fault that the pipeline has then.  *out lives as long
 * as the project. */
sm_code sm_project_replan(void *project, sm_sv source, const sm_schema *schema, const sm_plan **out,
                          sm_error *err);
/* The plan in force when a run ended: what commands show, and the next run begins with. */
void sm_project_use_plan(sm_project *p, const sm_plan *plan);

/* The engine, opened when first asked for. */
sm_code sm_project_engine(void *project, sm_engine **out, sm_error *err);
/* What acts on stored flows asks a run for: all but the engine is borrowed from `p`. */
sm_run_request sm_project_request(sm_project *p);
/* The planner's session, opened when first asked for: p->binder. */
sm_code sm_project_binder(sm_project *p, sm_error *err);
/* Close both; whoever asks next opens them again.  Nothing of them may be in use. */
void sm_project_release_engine(sm_project *p);

/* Open, plan and, on faults, print them: what most commands begin with.  0, or the exit status
 * to end with.  `store`: open the control store too, to look or to write. */
typedef enum sm_project_need {
    SM_NEED_PLAN,
    SM_NEED_PLAN_AND_STORE,       /* to look; none yet is fine */
    SM_NEED_PLAN_AND_STORE_WRITE, /* made when missing */
    SM_NEED_ROWS,                 /* to look, also into tables: with less memory */
} sm_project_need;
int sm_project_start(const sm_cli *c, sm_project *p, const char *path, sm_project_need need);

/* Parse and bind by the engine of `p`, for pipelines/sql; opened when first called. */
sm_sql_engine sm_project_sql(sm_project *p);

/* Open a source as the spec says.  Close it, and free its arena, also when it fails. */
sm_code sm_project_open_source(sm_project *p, const sm_spec_source *spec, sm_source *s,
                               sm_error *err);

/* The columns that the source has now; none when it has no data.  They live in `a`. */
sm_code sm_project_infer(sm_project *p, const sm_spec_source *spec, sm_arena *a, sm_schema *out,
                         sm_error *err);

/* Print the diagnostics of `p` as the command line wants them. */
int sm_project_print_diags(const sm_cli *c, sm_project *p);

/* Source types for the loader; lives as long as the program. */
const sm_spec_unit *sm_project_units(void);

#endif
