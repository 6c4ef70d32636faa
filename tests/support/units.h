/* SPDX-License-Identifier: Apache-2.0 */
/* units.h -- source types for tests of the loader: made of the same stuff as the real ones,
 * and independent of them, so that a new option of a source changes no golden file. */
#ifndef SM_TESTS_UNITS_H
#define SM_TESTS_UNITS_H

#include "pipelines/spec/spec.h"

extern const sm_spec_unit sm_test_units[];

/* A load with these types; its environment has LAKE ("lake") and EMPTY (""), and its commit is
 * "c0ffee". */
extern const sm_spec_env sm_test_env;

#endif
