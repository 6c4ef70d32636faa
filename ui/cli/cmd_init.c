/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_init.c -- smelt init: a new project.
 *
 * The demo makes its own data, the same each time, so that there is nothing to install and
 * nothing to fetch.  Files that are there are never replaced: all names are looked at first. */
#include "runtime/base/clock.h"
#include "runtime/base/fs.h"
#include "ui/cli/cli.h"
#include "ui/cli/exit_code.h"

static const sm_cli_option options[] = {
    { "--template", NULL, "T",
      "demo (default): devices that report temperatures, with data;\n"
      "files: the beginning of a pipeline over your own files;\n"
      "kafka: the same over a topic" },
    { NULL, NULL, NULL, NULL },
};

enum { DEMO_FILES = 6, DEMO_ROWS = 1000, MOST_FILES = DEMO_FILES + 2, MODE = 0644 };

static const char demo_pipeline[] =
    "version: 1\n"
    "pipeline: demo\n"
    "description: Device readings, cleaned and counted per ten minutes\n"
    "storage: ./lake\n"
    "\n"
    "sources:\n"
    "  readings:\n"
    "    type: files\n"
    "    path: landing/readings/*.json\n"
    "    format: json\n"
    "    schema:\n"
    "      - {name: device_id, data_type: VARCHAR}\n"
    "      - {name: event_timestamp, data_type: TIMESTAMP}\n"
    "      - {name: temperature, data_type: DOUBLE}\n"
    "      - {name: humidity, data_type: DOUBLE}\n"
    "      - {name: battery, data_type: INTEGER}\n"
    "      - {name: site, data_type: VARCHAR}\n"
    "\n"
    "tables:\n"
    "  readings_bronze:\n"
    "    layer: bronze\n"
    "    description: Every reading as it arrived\n"
    "    from: readings\n"
    "\n"
    "  readings_silver:\n"
    "    layer: silver\n"
    "    description: One row per plausible reading\n"
    "    sql: |\n"
    "      SELECT device_id, event_timestamp, temperature, humidity, battery, site\n"
    "      FROM STREAM(readings_bronze)\n"
    "    expectations:\n"
    "      has_device: {expect: device_id IS NOT NULL, on_violation: drop}\n"
    "      plausible:  {expect: temperature BETWEEN -50 AND 60, on_violation: drop}\n"
    "      battery_ok: {expect: battery >= 0, on_violation: warn}\n"
    "\n"
    "  readings_10m:\n"
    "    layer: gold\n"
    "    description: Readings and mean temperature per device and ten minutes\n"
    "    type: materialized_view\n"
    "    sql: |\n"
    "      SELECT window(event_timestamp, '10 minutes') AS w, device_id,\n"
    "             count(*) AS readings, round(avg(temperature), 2) AS avg_temperature,\n"
    "             min(battery) AS min_battery\n"
    "      FROM readings_silver\n"
    "      GROUP BY ALL\n";

static const char demo_readme[] =
    "# Device readings\n"
    "\n"
    "Files of JSON lines in `landing/readings` become three Delta tables in `lake/demo`:\n"
    "every reading (bronze), the plausible ones (silver), and counts per ten minutes (gold).\n"
    "\n"
    "    smelt run                        read what is new, write the tables, exactly once\n"
    "    smelt status                     how each table stands\n"
    "    smelt preview readings_10m       some rows\n"
    "    smelt graph                      who reads whom\n"
    "\n"
    "Add a file to `landing/readings` and run again: only that file is read.\n";

static const char files_pipeline[] =
    "version: 1\n"
    "pipeline: my_pipeline\n"
    "storage: ./lake\n"
    "\n"
    "sources:\n"
    "  events:\n"
    "    type: files\n"
    "    path: data/*.json        # files of JSON lines that appear here\n"
    "    format: json             # json, csv, parquet or text\n"
    "\n"
    "tables:\n"
    "  events_bronze:\n"
    "    layer: bronze\n"
    "    from: events\n";

static const char files_readme[] =
    "# A pipeline over files\n"
    "\n"
    "Put files of JSON lines into `data/`, then:\n"
    "\n"
    "    smelt validate                   every fault of pipeline.yml in one pass\n"
    "    smelt run                        read what is new, write the tables\n"
    "    smelt preview events_bronze      some rows\n"
    "\n"
    "`smelt schema` prints what pipeline.yml may say, `smelt sources files` the options.\n";

static const char kafka_pipeline[] = "version: 1\n"
                                     "pipeline: my_pipeline\n"
                                     "storage: ./lake\n"
                                     "\n"
                                     "sources:\n"
                                     "  events:\n"
                                     "    type: kafka\n"
                                     "    connection: bus          # of smelt.yml\n"
                                     "    topics: [events]\n"
                                     "    value_format: json       # json, text or bytes\n"
                                     "\n"
                                     "tables:\n"
                                     "  events_bronze:\n"
                                     "    layer: bronze\n"
                                     "    from: events\n";

static const char kafka_project[] = "version: 1\n"
                                    "\n"
                                    "connections:\n"
                                    "  bus:\n"
                                    "    type: kafka\n"
                                    "    brokers: localhost:9092\n"
                                    "    # security_protocol: sasl_ssl\n"
                                    "    # sasl_mechanism: PLAIN\n"
                                    "    # username: smelt\n"
                                    "    # password: ${secret.kafka_password}\n"
                                    "# secrets:\n"
                                    "#   kafka_password: {environment: KAFKA_PASSWORD}\n";

static const char kafka_readme[] =
    "# A pipeline over a topic\n"
    "\n"
    "Name your brokers in `smelt.yml` and your topic in `pipeline.yml`, then:\n"
    "\n"
    "    smelt validate                   every fault of pipeline.yml in one pass\n"
    "    smelt preview events             the first messages\n"
    "    smelt run                        read what is new, write the tables\n"
    "    smelt preview events_bronze      some rows\n"
    "\n"
    "`smelt sources kafka` prints the options of a topic, `smelt sinks kafka` those of sending to "
    "one.\n";

typedef struct file {
    const char *path; /* below the project's folder */
    sm_sv text;
} file;

/* ---- the demo's data ------------------------------------------------------------------ */

static uint32_t next_random(uint64_t *seed)
{
    *seed = *seed * 6364136223846793005ULL + 1442695040888963407ULL;
    return (uint32_t)(*seed >> 33);
}

/* About one row in a hundred breaks each rule. */
static void add_reading(sm_buf *b, uint64_t *seed, int64_t time_ms, sm_arena *a)
{
    static const char *const sites[] = { "berlin", "lyon", "porto", "turku" };
    uint32_t device = next_random(seed) % 20, fault = next_random(seed) % 300;
    uint32_t tenths = next_random(seed) % 140;
    sm_sv time = sm_time_rfc3339(time_ms, a);

    sm_buf_adds(b, "{\"device_id\":");
    if (fault == 0)
        sm_buf_adds(b, "null");
    else
        sm_buf_addf(b, "\"sensor-%02u\"", (unsigned)device + 1);
    sm_buf_addf(b, ",\"event_timestamp\":\"%.19s\"", time.ptr);
    sm_buf_addf(b, ",\"temperature\":%.1f", fault == 1 || fault == 2 ? 999.9 : 12 + tenths * 0.1);
    sm_buf_addf(b, ",\"humidity\":%u", 30 + (unsigned)(next_random(seed) % 50));
    sm_buf_addf(b, ",\"battery\":%d", fault == 3 ? -1 : 100 - (int)(next_random(seed) % 90));
    sm_buf_addf(b, ",\"site\":\"%s\"}\n", sites[device % 4]);
}

/* File `i` holds one hour. */
static file demo_file(sm_arena *a, int i)
{
    static const int64_t first_hour = 1767225600000; /* 2026-01-01T00:00:00Z */
    uint64_t seed = (uint64_t)i + 1;
    sm_arena *scratch = sm_arena_new("demo data");
    sm_buf b;
    file f;

    sm_buf_init(&b, 4 * 1024 * 1024);
    for (int k = 0; k < DEMO_ROWS; k++)
        add_reading(&b, &seed, first_hour + i * 3600000LL + k * 3600LL, scratch);
    f.path = sm_arena_printf(a, "landing/readings/2026-01-01T%02d.json", i).ptr;
    f.text = sm_arena_dup(a, sm_buf_sv(&b));
    sm_buf_release(&b);
    sm_arena_free(scratch);
    return f;
}

/* ---- files ------------------------------------------------------------------------------ */

static size_t demo_files(sm_arena *a, file *out)
{
    size_t n = 0;

    out[n++] = (file){ "README.md", sm_sv_cstr(demo_readme) };
    for (int i = 0; i < DEMO_FILES; i++)
        out[n++] = demo_file(a, i);
    out[n++] = (file){ "pipeline.yml", sm_sv_cstr(demo_pipeline) };
    return n;
}

static size_t files_files(file *out)
{
    out[0] = (file){ "README.md", sm_sv_cstr(files_readme) };
    out[1] = (file){ "pipeline.yml", sm_sv_cstr(files_pipeline) };
    return 2;
}

static size_t kafka_files(file *out)
{
    out[0] = (file){ "README.md", sm_sv_cstr(kafka_readme) };
    out[1] = (file){ "pipeline.yml", sm_sv_cstr(kafka_pipeline) };
    out[2] = (file){ "smelt.yml", sm_sv_cstr(kafka_project) };
    return 3;
}

static int write_files(sm_cli *c, const char *dir, const file *files, size_t n)
{
    sm_error err;

    for (size_t i = 0; i < n; i++) {
        const char *path = sm_path_join(c->a, sm_sv_cstr(dir), sm_sv_cstr(files[i].path));

        if (!sm_fs_exists(path))
            continue;
        sm_cli_say(c, "\"%s\" is there already; nothing was written", path);
        return SM_EXIT_REFUSED;
    }
    for (size_t i = 0; i < n; i++) {
        const char *path = sm_path_join(c->a, sm_sv_cstr(dir), sm_sv_cstr(files[i].path));
        const char *folder = sm_arena_cstr(c->a, sm_path_dir(sm_sv_cstr(path)));

        if (sm_fs_mkdirs(folder, 0755, &err) != SM_OK ||
            sm_fs_put_if_absent(path, files[i].text, MODE, &err) != SM_OK)
            return sm_cli_fail(c, &err, NULL);
    }
    return SM_EXIT_DONE;
}

/* What is to be done before the first run, if anything. */
static void add_first_step(const sm_cli *c, const char *dir, const char *template, sm_buf *b)
{
    bool here = strcmp(dir, ".") == 0;

    if (strcmp(template, "files") == 0) {
        sm_buf_adds(b, "Put files of JSON lines into ");
        sm_buf_add_safe(b, here ? SM_SV("data") : sm_arena_printf(c->a, "%s/data", dir));
        sm_buf_addc(b, '\n');
    } else if (strcmp(template, "kafka") == 0) {
        sm_buf_adds(b, "Name your brokers in smelt.yml and your topic in pipeline.yml\n");
    }
}

static int tell(const sm_cli *c, const char *dir, const char *template, const file *files, size_t n)
{
    bool here = strcmp(dir, ".") == 0;
    sm_json *doc = sm_json_object(c->a), *list = sm_json_array(c->a);
    sm_buf b;

    sm_json_set_string(doc, "folder", sm_sv_cstr(dir));
    for (size_t i = 0; i < n; i++)
        sm_json_append_string(list, sm_sv_cstr(files[i].path));
    sm_json_set(doc, "files", list);
    if (c->json)
        return sm_cli_out_json(c, doc);
    if (c->quiet)
        return SM_EXIT_DONE;
    sm_buf_init(&b, 64 * 1024);
    sm_buf_addf(&b, "Made a project of %zu files in ", n);
    sm_buf_add_safe(&b, here ? SM_SV("this folder") : sm_sv_cstr(dir));
    sm_buf_addc(&b, '\n');
    add_first_step(c, dir, template, &b);
    if (here)
        sm_buf_adds(&b, "Next: smelt run\n");
    else
        sm_buf_addf(&b, "Next: smelt -C %s run\n", dir);
    return sm_cli_out(&b);
}

static int init_exec(sm_cli *c)
{
    const char *dir = sm_cli_arg(c, 0), *template = sm_cli_get(c, "--template");
    file files[MOST_FILES];
    sm_error err;
    size_t n;
    int status;

    if (c->n_args > 1)
        return sm_cli_usage(c, "one folder at a time");
    if (dir == NULL || dir[0] == '\0')
        dir = ".";
    if (template == NULL)
        template = "demo";
    if (strcmp(template, "demo") == 0)
        n = demo_files(c->a, files);
    else if (strcmp(template, "files") == 0)
        n = files_files(files);
    else if (strcmp(template, "kafka") == 0)
        n = kafka_files(files);
    else
        return sm_cli_usage(c, "--template is demo, files or kafka, not \"%s\"", template);
    if ((status = write_files(c, dir, files, n)) != SM_EXIT_DONE)
        return status;
    if (strcmp(template, "files") == 0 &&
        sm_fs_mkdirs(sm_path_join(c->a, sm_sv_cstr(dir), SM_SV("data")), 0755, &err) != SM_OK)
        return sm_cli_fail(c, &err, NULL);
    return tell(c, dir, template, files, n);
}

const sm_command sm_command_init = {
    .name = "init",
    .group = "start",
    .summary = "Make a new project: a demo with its own data, or an empty one",
    .usage = "[DIR] [--template demo|files|kafka]",
    .options = options,
    .examples = "smelt init demo --template demo\nsmelt init --template files",
    .exec = init_exec,
};
