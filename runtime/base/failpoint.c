/* SPDX-License-Identifier: Apache-2.0 */
/* failpoint.c -- count passes, and die or fail at the one that was asked for. */
#include "runtime/base/failpoint.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runtime/base/str.h"
#include "runtime/base/thread.h"

#define NAME_ROW(name) name,
static const char *const names[] = { SM_FAILPOINTS(NAME_ROW) };
#undef NAME_ROW
enum { NAMES = sizeof names / sizeof names[0], MOST = 8, KILL = -1, STOP = -2, HANG = -3 };

typedef struct armed {
    const char *name;
    int64_t nth; /* 0: every pass */
    int what;    /* KILL, STOP, HANG or an errno */
    int64_t passed;
} armed;

static struct {
    sm_mutex mu;
    armed points[MOST];    /* guarded by mu */
    int n;                 /* guarded by mu */
    int64_t counts[NAMES]; /* guarded by mu; of every pass while on */
    atomic_bool on;
    _Atomic(const char *) last;
} state = { .mu = SM_MUTEX_INIT };
static sm_once once = SM_ONCE_INIT;

const char *const *sm_failpoint_names(size_t *n)
{
    *n = NAMES;
    return names;
}

static void die_of_spec(sm_sv part, const char *why)
{
    fprintf(stderr, "smelt: failpoint \"%.*s\": %s\n", SM_SV_ARG(part), why);
    exit(2);
}

static int errno_named(sm_sv name)
{
    static const struct {
        const char *name;
        int value;
    } rows[] = {
        { "kill", KILL },     { "stop", STOP },     { "hang", HANG },     { "EIO", EIO },
        { "ENOSPC", ENOSPC }, { "EACCES", EACCES }, { "EDQUOT", EDQUOT }, { "EMFILE", EMFILE },
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (sm_sv_eq_str(name, rows[i].name))
            return rows[i].value;
    return 0;
}

static const char *known_name(sm_sv name)
{
    for (size_t i = 0; i < NAMES; i++)
        if (sm_sv_eq_str(name, names[i]))
            return names[i];
    return NULL;
}

static armed parse_point(sm_sv part)
{
    sm_sv rest = part, name, second = SM_SV(""), third = SM_SV("");
    armed p = { .nth = 1 };
    bool has_third;

    sm_sv_next(&rest, ':', &name);
    if (!sm_sv_next(&rest, ':', &second))
        die_of_spec(part, "say name:what or name:nth:what");
    has_third = sm_sv_next(&rest, ':', &third);
    if (has_third && sm_sv_eq_str(second, "*"))
        p.nth = 0;
    else if (has_third && (!sm_sv_to_int64(second, &p.nth) || p.nth < 1))
        die_of_spec(part, "nth is a number from 1 on, or *");
    p.name = known_name(name);
    p.what = errno_named(has_third ? third : second);
    if (p.name == NULL)
        die_of_spec(part, "no such failpoint");
    if (p.what == 0)
        die_of_spec(part, "say kill, stop, hang, EIO, ENOSPC, EACCES, EDQUOT or EMFILE");
    return p;
}

static void set_spec(const char *spec)
{
    sm_sv rest = sm_sv_cstr(spec), part;

    sm_mutex_lock(&state.mu);
    state.n = 0;
    while (rest.len > 0 && sm_sv_next(&rest, ',', &part)) {
        if (state.n == MOST)
            die_of_spec(part, "too many failpoints");
        state.points[state.n++] = parse_point(part);
    }
    atomic_store(&state.on, state.n > 0);
    sm_mutex_unlock(&state.mu);
}

static void print_counts(void)
{
    sm_mutex_lock(&state.mu);
    for (size_t i = 0; i < NAMES; i++)
        fprintf(stderr, "failpoint %s %lld\n", names[i], (long long)state.counts[i]);
    sm_mutex_unlock(&state.mu);
}

static void read_environment(void)
{
    const char *spec = getenv("SM_FAILPOINT");

    if (spec != NULL && strcmp(spec, "count") == 0) {
        atomic_store(&state.on, true);
        atexit(print_counts);
    } else if (spec != NULL) {
        set_spec(spec);
    }
}

void sm_failpoint_set(const char *spec)
{
    sm_once_run(&once, read_environment);
    set_spec(spec);
}

/* write() and not stdio: the next thing may be SIGKILL, and other threads hold its lock. */
static void tell_fired(const armed *p)
{
    char line[128];
    static const char *const acts[] = { [-KILL] = "kill", [-STOP] = "stop", [-HANG] = "hang" };
    const char *what = p->what < 0 ? acts[-p->what] : strerrorname_np(p->what);
    int n = snprintf(line, sizeof line, "smelt: failpoint %s fired at pass %lld: %s\n", p->name,
                     (long long)p->passed, what);
    ssize_t ignored = write(STDERR_FILENO, line, (size_t)n);

    (void)ignored;
}

static void count_pass(const char *name)
{
    for (size_t i = 0; i < NAMES; i++)
        if (strcmp(names[i], name) == 0)
            state.counts[i]++;
}

static int pass_armed(const char *name)
{
    int what = 0;

    sm_mutex_lock(&state.mu);
    count_pass(name);
    for (int i = 0; i < state.n && what == 0; i++) {
        armed *p = &state.points[i];

        if (strcmp(p->name, name) != 0)
            continue;
        p->passed++;
        if (p->nth == 0 || p->passed == p->nth) {
            what = p->what;
            tell_fired(p);
        }
    }
    if (what == KILL)
        kill(getpid(), SIGKILL);
    sm_mutex_unlock(&state.mu);
    if (what == STOP)
        kill(getpid(), SIGSTOP);
    while (what == HANG)
        pause();
    return what < 0 ? 0 : what;
}

int sm_failpoint_err(const char *name)
{
    sm_once_run(&once, read_environment);
    atomic_store_explicit(&state.last, name, memory_order_relaxed);
    return atomic_load_explicit(&state.on, memory_order_relaxed) ? pass_armed(name) : 0;
}

void sm_failpoint(const char *name)
{
    (void)sm_failpoint_err(name);
}

const char *sm_failpoint_last(void)
{
    const char *last = atomic_load_explicit(&state.last, memory_order_relaxed);

    return last == NULL ? "" : last;
}
