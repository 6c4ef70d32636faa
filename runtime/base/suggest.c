/* SPDX-License-Identifier: Apache-2.0 */
/* suggest.c -- optimal string alignment distance, three rows at a time. */
#include "runtime/base/suggest.h"

enum { LONGEST = 64 };

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

size_t sm_edit_distance(sm_sv a, sm_sv b)
{
    size_t rows[3][LONGEST + 1];
    size_t *before = rows[0], *last = rows[1], *row = rows[2];

    a.len = least(a.len, LONGEST);
    b.len = least(b.len, LONGEST);
    for (size_t j = 0; j <= b.len; j++)
        before[j] = last[j] = j;
    for (size_t i = 1; i <= a.len; i++) {
        size_t *spare = before;

        row[0] = i;
        for (size_t j = 1; j <= b.len; j++) {
            bool same = lower(a.ptr[i - 1]) == lower(b.ptr[j - 1]);

            row[j] = least(least(last[j], row[j - 1]) + 1, last[j - 1] + (same ? 0 : 1));
            if (i > 1 && j > 1 && lower(a.ptr[i - 1]) == lower(b.ptr[j - 2]) &&
                lower(a.ptr[i - 2]) == lower(b.ptr[j - 1]))
                row[j] = least(row[j], before[j - 2] + 1);
        }
        before = last;
        last = row;
        row = spare;
    }
    return last[b.len];
}

bool sm_suggest_close(sm_sv name, sm_sv known)
{
    size_t longer = name.len > known.len ? name.len : known.len;

    return sm_edit_distance(name, known) <= (longer < 3 ? 1 : (longer + 2) / 3);
}

size_t sm_suggest(sm_sv name, const sm_sv *known, size_t n)
{
    size_t best = n, distance = SIZE_MAX;

    for (size_t i = 0; i < n; i++) {
        size_t d = sm_edit_distance(name, known[i]);

        if (d < distance && sm_suggest_close(name, known[i])) {
            best = i;
            distance = d;
        }
    }
    return best;
}
