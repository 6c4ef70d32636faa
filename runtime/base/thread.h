/* SPDX-License-Identifier: Apache-2.0 */
/* thread.h -- threads, and what they share.  A failing call of the thread library is a
 * programming error or a machine out of threads: sm_thread_start says so, the rest abort. */
#ifndef SM_BASE_THREAD_H
#define SM_BASE_THREAD_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "runtime/base/error.h"

typedef struct sm_mutex {
    pthread_mutex_t m;
} sm_mutex;
#define SM_MUTEX_INIT                                                                              \
    {                                                                                              \
        PTHREAD_MUTEX_INITIALIZER                                                                  \
    }

void sm_mutex_init(sm_mutex *m);
void sm_mutex_lock(sm_mutex *m);
void sm_mutex_unlock(sm_mutex *m);
void sm_mutex_release(sm_mutex *m);

typedef struct sm_cond {
    pthread_cond_t c;
} sm_cond;

void sm_cond_init(sm_cond *c); /* waits count on a clock that nobody sets */
void sm_cond_wait(sm_cond *c, sm_mutex *m);
/* False when `timeout_ms` passed without a wake-up; < 0 waits for ever. */
bool sm_cond_wait_ms(sm_cond *c, sm_mutex *m, int64_t timeout_ms);
/* Waits, and asks `enough` every 50 ms; false: it was, before the time was over. */
bool sm_pause_ms(int64_t ms, bool (*enough)(const void *ctx), const void *ctx);
void sm_cond_signal(sm_cond *c);
void sm_cond_broadcast(sm_cond *c);
void sm_cond_release(sm_cond *c);

typedef struct sm_once {
    pthread_once_t o;
} sm_once;
#define SM_ONCE_INIT                                                                               \
    {                                                                                              \
        PTHREAD_ONCE_INIT                                                                          \
    }
void sm_once_run(sm_once *o, void (*fn)(void));

typedef struct sm_thread sm_thread;

/* Signals from outside are blocked in the new thread.  `*out` is owned: sm_thread_join frees it. */
sm_code sm_thread_start(const char *name, void (*fn)(void *), void *arg, sm_thread **out,
                        sm_error *err);
void sm_thread_join(sm_thread *t); /* NULL is fine */

/* A counter that any thread may change. */
typedef struct sm_atomic {
    _Atomic int64_t v;
} sm_atomic;

static inline int64_t sm_atomic_add(sm_atomic *a, int64_t d) /* the value before */
{
    return atomic_fetch_add(&a->v, d);
}

static inline int64_t sm_atomic_get(const sm_atomic *a)
{
    return atomic_load(&a->v);
}

static inline void sm_atomic_set(sm_atomic *a, int64_t v)
{
    atomic_store(&a->v, v);
}

int sm_cpu_count(void); /* that this process may use; at least 1 */

#endif
