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
    void *user; /* of whoever made the client, for its callbacks */
};

/* The configuration that `s` asks for, with what every client has; owned by the caller until it
 * is handed to rd_kafka_new().  SM_E_INVALID: naming the option. */
sm_code sm_kafka__conf(const sm_kafka_settings *s, rd_kafka_conf_t **out, sm_error *err);

bool sm_kafka__uses_scram(const sm_kafka_settings *s);

/* A value of ours, which the library knows. */
sm_code sm_kafka__set(rd_kafka_conf_t *conf, const char *name, const char *value, sm_error *err);

/* A client of that configuration, which is its own from now on, also when this fails; it tells
 * its errors.  The opaque of callbacks is the client. */
sm_code sm_kafka__make(const sm_kafka_settings *s, rd_kafka_type_t type, rd_kafka_conf_t *conf,
                       sm_kafka **out, sm_error *err);
/* Is it told that logging in does not work?  Asking again does not help then. */
bool sm_kafka__is_refused(sm_kafka *k);
/* "<what>: <what the brokers said>", with the code that fits `e`. */
sm_code sm_kafka__fail(sm_kafka *k, rd_kafka_resp_err_t e, sm_error *err, const char *what);

#endif
