/* SPDX-License-Identifier: Apache-2.0 */
/* graph.c -- datasets as a graph: order, cycles, reach. */
#include <string.h>

#include "pipelines/plan/plan_int.h"

enum { UNSEEN, OPEN, CLOSED };

typedef struct search {
    const plan_graph *g;
    unsigned char *state;
    size_t *next; /* which edge of the node comes next */
    size_t *path; /* the nodes that are open, outermost first */
    size_t depth;
    size_t *order;
    size_t done;
} search;

static void open_node(search *s, size_t node)
{
    s->state[node] = OPEN;
    s->path[s->depth++] = node;
}

/* From `root` down to what it reads, without recursion: a chain may be 10,000 long.  Returns
 * the number of a node that is reached again while it is open, or n. */
static size_t visit(search *s, size_t root)
{
    open_node(s, root);
    while (s->depth > 0) {
        size_t node = s->path[s->depth - 1];

        if (s->next[node] == s->g->n_reads[node]) {
            s->state[node] = CLOSED;
            s->order[s->done++] = node;
            s->depth--;
            continue;
        }
        size_t read = s->g->reads[node][s->next[node]++];

        if (s->state[read] == OPEN)
            return read;
        if (s->state[read] == UNSEEN)
            open_node(s, read);
    }
    return s->g->n;
}

/* The open nodes from `again` on are the cycle. */
static void take_cycle(const search *s, size_t again, sm_arena *a, const size_t **cycle,
                       size_t *n_cycle)
{
    size_t first = 0;
    size_t *nodes;

    while (s->path[first] != again)
        first++;
    *n_cycle = s->depth - first + 1;
    nodes = SM_NEW_N(a, size_t, *n_cycle);
    memcpy(nodes, s->path + first, (s->depth - first) * sizeof *nodes);
    nodes[*n_cycle - 1] = again;
    *cycle = nodes;
}

bool sm_plan__order(const plan_graph *g, sm_arena *a, size_t *order, const size_t **cycle,
                    size_t *n_cycle)
{
    search s = {
        .g = g,
        .state = SM_NEW_N(a, unsigned char, g->n + 1),
        .next = SM_NEW_N(a, size_t, g->n + 1),
        .path = SM_NEW_N(a, size_t, g->n + 1),
        .order = order,
    };

    for (size_t i = 0; i < g->n; i++) {
        size_t again = s.state[i] == UNSEEN ? visit(&s, i) : g->n;

        if (again < g->n) {
            take_cycle(&s, again, a, cycle, n_cycle);
            return false;
        }
    }
    return true;
}

static bool reads(const sm_plan *p, size_t reader, size_t read)
{
    for (size_t i = 0; i < p->datasets[reader].n_reads; i++) {
        if (p->datasets[reader].reads[i] == read)
            return true;
    }
    return false;
}

void sm_plan__reach(const sm_plan *p, size_t from, bool up, size_t depth, bool *marked)
{
    sm_arena *scratch = sm_arena_new("reach");
    size_t *level =
        SM_NEW_N(scratch, size_t, p->n_datasets + 1); /* 0: not reached; else steps + 1 */
    bool grown = true;

    level[from] = 1;
    for (size_t step = 1; grown && step <= depth; step++) {
        grown = false;
        for (size_t i = 0; i < p->n_datasets; i++) {
            if (level[i] != step)
                continue;
            for (size_t k = 0; k < p->n_datasets; k++) {
                if (level[k] == 0 && (up ? reads(p, i, k) : reads(p, k, i))) {
                    level[k] = step + 1;
                    marked[k] = true;
                    grown = true;
                }
            }
        }
    }
    sm_arena_free(scratch);
}
