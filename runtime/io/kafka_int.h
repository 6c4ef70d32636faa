/* SPDX-License-Identifier: Apache-2.0 */
/* kafka_int.h -- what the parts of the Kafka client share; this module only. */
#ifndef SM_IO_KAFKA_INT_H
#define SM_IO_KAFKA_INT_H

#include "runtime/base/thread.h"
#include "runtime/io/kafka.h"
#include "runtime/io/rdkafka_lib.h"

struct sm_kafka {
    rd_kafka_t *rk;
    bool scram;
    sm_mutex mu;             /* guards what the brokers said */
    rd_kafka_resp_err_t why; /* of the last error that the client told */
    char said[300];
};

/* The configuration that `s` asks for, with what every client has; owned by the caller until it
 * is handed to rd_kafka_new().  SM_E_INVALID: naming the option. */
sm_code sm_kafka__conf(const sm_kafka_settings *s, rd_kafka_conf_t **out, sm_error *err);

bool sm_kafka__uses_scram(const sm_kafka_settings *s);

/* A value of ours, which the library knows. */
sm_code sm_kafka__set(rd_kafka_conf_t *conf, const char *name, const char *value, sm_error *err);

/* Let the client tell its errors. */
void sm_kafka__listen(sm_kafka *k);
/* Is it told that logging in does not work?  Asking again does not help then. */
bool sm_kafka__is_refused(sm_kafka *k);
/* "<what>: <what the brokers said>", with the code that fits `e`. */
sm_code sm_kafka__fail(sm_kafka *k, rd_kafka_resp_err_t e, sm_error *err, const char *what);

#endif
