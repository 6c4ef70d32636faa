/* SPDX-License-Identifier: Apache-2.0 */
/* banned.h -- force-included everywhere: calls that are errors here, with what to use. */
#ifndef SM_BASE_BANNED_H
#define SM_BASE_BANNED_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* With _FORTIFY_SOURCE glibc makes macros of these two for clang. */
#undef sprintf
#undef vsprintf

/* atoi: sm_sv_to_int64; strcpy, strcat, sprintf: sm_buf; strtok: sm_sv_next;
 * gmtime, localtime: sm_time_rfc3339; system, popen: sm_process_run, without a shell. */
#pragma GCC poison atoi atol atof strcpy strcat sprintf vsprintf strtok gmtime localtime ctime     \
    asctime gets popen tmpnam mktemp

#endif
