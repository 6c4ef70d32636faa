/* SPDX-License-Identifier: Apache-2.0 */
/* gen_readings.c -- device readings as NDJSON, the same bytes for the same arguments.
 *
 *     gen_readings DIR ROWS FILES [FIRST]
 *
 * Row i is a function of i alone; FIRST is the number of the first row.  1 % of the rows
 * break a rule of examples/iot: 0.4 % have no device, 0.4 % an impossible temperature, 0.2 % a
 * negative battery. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

static uint64_t mix(uint64_t x) /* splitmix64 */
{
    x += 0x9E3779B97F4A7C15u;
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
    return x ^ (x >> 31);
}

static void put_row(FILE *f, uint64_t i)
{
    uint64_t r = mix(i), s = mix(r), second = i / 40, fault = r % 1000;
    unsigned device = (unsigned)(s % 2000);
    double temperature = (double)((int)(s >> 32 & 0xFFF) - 1000) / 100.0;
    int battery = (int)(r >> 40 & 0x3F) + 30;

    if (fault < 4)
        fprintf(f, "{\"device_id\":null,");
    else
        fprintf(f, "{\"device_id\":\"device-%04u\",", device);
    if (fault >= 4 && fault < 8)
        temperature = 999.0;
    if (fault >= 8 && fault < 10)
        battery = -1;
    fprintf(f,
            "\"event_timestamp\":\"2026-01-%02uT%02u:%02u:%02u.%03uZ\",\"temperature\":%.2f,"
            "\"humidity\":%.1f,\"battery\":%d,\"site\":\"site-%02u\",\"firmware\":\"4.%u.1\"}\n",
            (unsigned)(second / 86400 % 28 + 1), (unsigned)(second / 3600 % 24),
            (unsigned)(second / 60 % 60), (unsigned)(second % 60), (unsigned)(i % 40 * 25),
            temperature, (double)(r >> 20 & 0x3FF) / 10.24, battery, device % 50, device % 7);
}

int main(int argc, char **argv)
{
    uint64_t rows, files, first, done = 0;
    char path[4096];

    if (argc < 4) {
        fprintf(stderr, "usage: gen_readings DIR ROWS FILES [FIRST]\n");
        return 2;
    }
    rows = strtoull(argv[2], NULL, 10);
    files = strtoull(argv[3], NULL, 10);
    first = argc > 4 ? strtoull(argv[4], NULL, 10) : 0;
    for (uint64_t k = 0; k < files; k++) {
        uint64_t end = rows * (k + 1) / files;
        FILE *f;

        snprintf(path, sizeof path, "%s/readings-%012llu.json", argv[1],
                 (unsigned long long)(first + done));
        if ((f = fopen(path, "w")) == NULL) {
            perror(path);
            return 1;
        }
        for (; done < end; done++)
            put_row(f, first + done);
        if (fclose(f) != 0) {
            perror(path);
            return 1;
        }
    }
    return 0;
}
