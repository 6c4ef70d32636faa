/* SPDX-License-Identifier: Apache-2.0 */
/* kafka_count -- the messages of a topic, read by librdkafka and only counted: what bench_kafka.py
 * measures by.
 *
 *     kafka_count BROKERS TOPIC PARTITIONS      prints how many there are, and their bytes */
#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <stdlib.h>

enum { TAKE = 2048, SILENCE_MS = 30000 };

static void set(rd_kafka_conf_t *conf, const char *name, const char *value)
{
    char why[300];

    if (rd_kafka_conf_set(conf, name, value, why, sizeof why) != RD_KAFKA_CONF_OK)
        fprintf(stderr, "%s: %s\n", name, why);
}

static rd_kafka_t *open_client(const char *brokers)
{
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    char why[300];
    rd_kafka_t *rk;

    set(conf, "bootstrap.servers", brokers);
    set(conf, "group.id", "bench");
    set(conf, "enable.auto.commit", "false");
    set(conf, "enable.partition.eof", "true");
    set(conf, "isolation.level", "read_committed");
    set(conf, "queued.min.messages", "10000000");
    set(conf, "fetch.wait.max.ms", "20");
    rk = rd_kafka_new(RD_KAFKA_CONSUMER, conf, why, sizeof why);
    if (rk == NULL) {
        fprintf(stderr, "%s\n", why);
        exit(1);
    }
    return rk;
}

int main(int argc, char **argv)
{
    rd_kafka_message_t *got[TAKE];
    long long messages = 0, bytes = 0;
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_queue_t *queue;
    rd_kafka_t *rk;
    int left = argc == 4 ? (int)strtol(argv[3], NULL, 10) : 0;

    if (left <= 0)
        return 2;
    rk = open_client(argv[1]);
    for (int i = 0; i < left; i++)
        rd_kafka_topic_partition_list_add(list, argv[2], i)->offset = 0;
    rd_kafka_assign(rk, list);
    queue = rd_kafka_queue_get_consumer(rk);
    while (left > 0) {
        rd_kafka_message_t *first = rd_kafka_consume_queue(queue, SILENCE_MS);
        ssize_t n = 1;

        if (first == NULL)
            return 1;
        got[0] = first;
        n += rd_kafka_consume_batch_queue(queue, 0, got + 1, TAKE - 1);
        for (ssize_t i = 0; i < n; i++) {
            left -= got[i]->err == RD_KAFKA_RESP_ERR__PARTITION_EOF;
            messages += got[i]->err == RD_KAFKA_RESP_ERR_NO_ERROR;
            bytes += got[i]->err == RD_KAFKA_RESP_ERR_NO_ERROR ? (long long)got[i]->len : 0;
            rd_kafka_message_destroy(got[i]);
        }
    }
    printf("%lld %lld\n", messages, bytes);
    return 0;
}
