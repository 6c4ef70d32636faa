/* SPDX-License-Identifier: Apache-2.0 */
/* rdkafka_lib.h -- librdkafka's functions, found when a broker is first asked; this module only.
 *
 * `sm_rdkafka.produce()` is rd_kafka_produce().  Like curl_lib.h: who reads no topic does not pay
 * for the library at its start, and need not have it.  The table is filled once and read-only
 * afterwards. */
#ifndef SM_IO_RDKAFKA_LIB_H
#define SM_IO_RDKAFKA_LIB_H

#include <librdkafka/rdkafka.h>

#include "runtime/base/error.h"

/* Every function that smelt calls, without "rd_kafka_". */
#define SM_RDKAFKA_FUNCTIONS(X)                                                                    \
    X(version)                                                                                     \
    X(version_str)                                                                                 \
    X(err2str)                                                                                     \
    X(err2name)                                                                                    \
    X(conf_new)                                                                                    \
    X(conf_destroy)                                                                                \
    X(conf_set)                                                                                    \
    X(conf_set_opaque)                                                                             \
    X(conf_set_error_cb)                                                                           \
    X(conf_set_log_cb)                                                                             \
    X(new)                                                                                         \
    X(destroy)                                                                                     \
    X(opaque)                                                                                      \
    X(poll)                                                                                        \
    X(metadata)                                                                                    \
    X(metadata_destroy)                                                                            \
    X(topic_new)                                                                                   \
    X(topic_destroy)                                                                               \
    X(topic_name)                                                                                  \
    X(topic_partition_list_new)                                                                    \
    X(topic_partition_list_add)                                                                    \
    X(topic_partition_list_destroy)                                                                \
    X(offsets_for_times)                                                                           \
    X(queue_new)                                                                                   \
    X(queue_destroy)                                                                               \
    X(consume_start_queue)                                                                         \
    X(consume_stop)                                                                                \
    X(consume_queue)                                                                               \
    X(consume_batch_queue)                                                                         \
    X(message_destroy)                                                                             \
    X(message_timestamp)                                                                           \
    X(message_headers)                                                                             \
    X(message_errstr)                                                                              \
    X(conf_set_dr_msg_cb)                                                                          \
    X(produce)                                                                                     \
    X(produceva)                                                                                   \
    X(headers_new)                                                                                 \
    X(header_add)                                                                                  \
    X(headers_destroy)                                                                             \
    X(flush)                                                                                       \
    X(purge)                                                                                       \
    X(init_transactions)                                                                           \
    X(begin_transaction)                                                                           \
    X(commit_transaction)                                                                          \
    X(abort_transaction)                                                                           \
    X(error_code)                                                                                  \
    X(error_string)                                                                                \
    X(error_is_fatal)                                                                              \
    X(error_txn_requires_abort)                                                                    \
    X(error_destroy)                                                                               \
    X(NewTopic_new)                                                                                \
    X(NewTopic_set_config)                                                                         \
    X(NewTopic_destroy)                                                                            \
    X(CreateTopics)                                                                                \
    X(queue_poll)                                                                                  \
    X(event_error)                                                                                 \
    X(event_error_string)                                                                          \
    X(event_CreateTopics_result)                                                                   \
    X(CreateTopics_result_topics)                                                                  \
    X(topic_result_error)                                                                          \
    X(topic_result_error_string)                                                                   \
    X(event_destroy)                                                                               \
    X(last_error)                                                                                  \
    X(header_get_all)

typedef struct sm_rdkafka_table {
#define SM_RDKAFKA_FIELD(name) __typeof__(&rd_kafka_##name) name;
    SM_RDKAFKA_FUNCTIONS(SM_RDKAFKA_FIELD)
#undef SM_RDKAFKA_FIELD
} sm_rdkafka_table;

extern sm_rdkafka_table sm_rdkafka;

/* SM_E_NOT_FOUND: the library is not installed. */
sm_code sm_rdkafka__load(sm_error *err);

#endif
