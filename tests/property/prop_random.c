/* SPDX-License-Identifier: Apache-2.0 */
/* prop_random.c -- numbers that a seed gives, the same everywhere. */
#include "tests/property/prop.h"

#include <stdarg.h>

/* splitmix64 */
uint64_t prop_mix(uint64_t x)
{
    x += 0x9e3779b97f4a7c15U;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9U;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebU;
    return x ^ (x >> 31);
}

size_t prop_below(prop_case *c, size_t n)
{
    c->random = prop_mix(c->random);
    return (size_t)((c->random >> 16) % n);
}

bool prop_chance(prop_case *c, unsigned percent)
{
    return prop_below(c, 100) < percent;
}

const char *prop_text(prop_case *c, const char *fmt, ...)
{
    sm_buf b;
    va_list args;
    const char *out;

    sm_buf_init(&b, 1024 * 1024);
    va_start(args, fmt);
    sm_buf_addv(&b, fmt, args);
    va_end(args);
    out = sm_arena_cstr(c->a, sm_buf_sv(&b));
    sm_buf_release(&b);
    return out;
}

const char *prop_one(prop_case *c, const char *const *list, size_t n)
{
    return list[prop_below(c, n)];
}
