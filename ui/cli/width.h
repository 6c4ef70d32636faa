/* SPDX-License-Identifier: Apache-2.0 */
/* width.h -- how many cells of a terminal a text takes. */
#ifndef SM_CLI_WIDTH_H
#define SM_CLI_WIDTH_H

#include "runtime/base/str.h"

/* 2 for a wide character, 0 for a mark that stands on the one before it; a byte that is no UTF-8
 * counts 1. */
size_t sm_text_width(sm_sv s);

#endif
