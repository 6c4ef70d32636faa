/* SPDX-License-Identifier: Apache-2.0 */
/* flow_rows.h -- flows of a run document as rows of text. */
#ifndef SM_CLI_FLOW_ROWS_H
#define SM_CLI_FLOW_ROWS_H

#include "ui/cli/cli.h"

/* "120,334 read  120,331 written  3 undecodable" of a counters object. */
void sm_add_counters(sm_buf *b, const sm_json *counters);
/* The rules of `flow` that did not hold, one line each behind six spaces. */
void sm_add_failed_rules(const sm_cli *c, const sm_json *flow, sm_buf *b);
/* What there is to say of the flow: its error, its reason, or its counts. */
sm_sv sm_flow_words(const sm_cli *c, const sm_json *flow);
/* A line for each flow of the list: name, state, words, time; then its rules that did not hold. */
void sm_add_flows(const sm_cli *c, const sm_json *flows, sm_buf *b);
/* An RFC 3339 time of the document in milliseconds; 0 when it is missing. */
int64_t sm_time_of(const sm_json *o, const char *key);

#endif
