#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""check_schema.py SCHEMA_TOOL -- the JSON Schema and the loader agree.

The schema is valid draft 2020-12.  Documents made from one good pipeline by a change each are
shown to a validator and to the loader: both take the good ones and refuse the bad ones.
Needs the Python package jsonschema; without it the test is skipped.
"""
import copy
import json
import os
import subprocess
import sys

if os.environ.get("SM_PYTHON") and os.access(os.environ["SM_PYTHON"], os.X_OK) \
        and os.path.realpath(sys.executable) != os.path.realpath(os.environ["SM_PYTHON"]) \
        and not os.environ.get("SM_SCHEMA_REEXEC"):
    os.environ["SM_SCHEMA_REEXEC"] = "1"
    os.execv(os.environ["SM_PYTHON"], [os.environ["SM_PYTHON"], "-B"] + sys.argv)
try:
    from jsonschema import Draft202012Validator
except ImportError:
    print("skipped: the Python package jsonschema is not installed")
    sys.exit(77)

GOOD = {
    "version": 1,
    "pipeline": "shop",
    "description": "all of it",
    "schema": "shop",
    "storage": "./lake",
    "state": {"path": "./state"},
    "engine": {"type": "embedded", "memory_limit": "4GiB", "threads": 2, "workers": 3,
               "temp_directory": "/tmp"},
    "trigger": "available_now",
    "tags": ["daily", "team:a"],
    "meta": {"any": [1, {"thing": None}]},
    "x-common": {"a": 1},
    "sources": {
        "orders": {"type": "files", "path": "data/*.json", "format": "json",
                   "schema": [{"name": "id", "data_type": "BIGINT"}],
                   "on_decode_error": "drop", "max_bytes_per_trigger": "64 MiB", "header": False},
        "ticks": {"type": "generate", "rows_per_second": 10, "every": "10 minutes", "share": 0.5,
                  "names": ["a", "b"], "fields": {"a": "INT"}, "schema_hints": "a INT"},
    },
    "tables": {
        "bronze": {"from": "orders", "layer": "bronze", "partition_by": ["day"]},
        "silver": {"sql": "SELECT 1", "description": "x", "tags": ["a"], "meta": {"a": 1},
                   "expectations": {"short": "id > 0",
                                    "long": {"expect": "id > 0", "on_violation": "fail",
                                             "description": "x", "tags": ["y"]},
                                    "some": {"expect": "id > 0", "fail_if": ">= 0.5 %",
                                             "warn_if": "> 0"}}},
        "all": {"type": "streaming_table",
                "flows": {"old": {"sql": "SELECT 1", "once": True}, "new": {"sql": "SELECT 2"}}},
        "gold": {"type": "materialized_view", "sql": "SELECT 1", "expectations": {"a": "b"}},
        "sure": {"sql": "SELECT 1", "contract": "enforced",
                 "columns": [{"name": "a b", "data_type": "INT", "description": "x",
                              "tests": ["not_null", {"test": "regex", "pattern": "^$"},
                                        {"accepted_values": {"values": ["a", 1, True],
                                                             "warn_if": "> 1"}},
                                        {"accepted_range": {"max_value": 1.5, "name": "x",
                                                            "on_violation": "drop"}}]}]},
        "v": {"type": "view", "from": "shop.silver", "watermark": {"column": "ts", "delay": "0s"}},
        "w": {"sql": "SELECT 1", "output_mode": "update", "watermark_policy": "max", "no_data_batches": False,
              "unbounded_state": "accepted", "late_rows": "drop",
              "watermark": {"column": "ts", "delay": "interval '1 2:0:0' day to second", "idle_timeout": "5m",
                            "max_future": "1 hour"},
              "deduplicate": {"keys": ["id", "ts"], "within_watermark": True}},
    },
    "sinks": {
        "hook": {"type": "http", "from": "bronze", "url": "https://x/y", "method": "PUT", "headers": {"X-Team": "a"},
                 "format": "ndjson", "batch": {"rows": 10, "bytes": "64KiB"}, "delivery": "at_least_once",
                 "retry": {"max_attempts": 2, "backoff": "1s", "backoff_max": "1m"}},
    },
}
PROJECT = {
    "version": 1, "name": "shop", "include": ["pipelines/*.yml", "pipeline.yml"],
    "variables": {"least": {"default": 5, "type": "BIGINT"}, "place": "berlin", "open": True},
    "secrets": {"key": {"file": "secrets/key"}, "token": {"environment": "TOKEN"}},
    "connections": {
        "lake": {"type": "s3", "endpoint": "https://s3", "access_key_id": "${secret.key}",
                 "path_style": True, "server_side_encryption": "aws:kms"},
        "bus": {"type": "kafka", "brokers": "a:1,b:2", "password": "${secret.token}",
                "options": {"linger.ms": 5}},
        "api": {"type": "http", "base_url": "https://x", "bearer": "${secret.token}"},
    },
    "engine": {"threads": "${var.least}"}, "state": {"path": "./state"},
    "rules": {"valid_id": "id > 0", "named": {"expect": "name <> ''", "tags": ["pii"]}},
    "defaults": {"storage": "./lake", "sources": {"on_decode_error": "drop", "header": True},
                 "tables": {"tags": ["a"], "layer": "silver"}},
    "targets": {
        "dev": {"default": True, "variables": {"least": 1}, "schema": "dev_${pipeline}"},
        "prod": {"mode": "production", "storage": "/lake", "engine": {"workers": 8},
                 "rules": {"valid_id": {"expect": "id > 1", "on_violation": "fail"}}},
    },
    "meta": {"a": 1}, "x-more": 1,
}
PROJECT_CHANGES = {
    "good": [(name, "DELETE") for name in
             ("name", "include", "variables", "engine", "state", "rules", "defaults", "targets", "meta")] + [
        ("targets.dev.default", False), ("targets.prod.mode", "${env.MODE}"), ("connections", {}),
    ],
    "bad": [
        ("version", "DELETE"), ("version", 2), ("name", "a b"), ("include", "x.yml"), ("include", ["/x.yml"]),
        ("server", {"port": 80}), ("server", {"auth": "password"}), ("server", {"price_per_cpu_hour": 0}), ("server", {"price_per_cpu_hour": "much"}), ("notifications", [{}]), ("tables", {}), ("pipeline", "x"),
        ("variables.least", [1]), ("variables.least.default", None), ("variables.least.typ", "x"),
        ("secrets.key", {}), ("secrets.key", "x"), ("secrets.key.environment", "A"), ("secrets.key.value", "x"),
        ("connections.lake.type", "ftp"), ("connections.lake.type", "DELETE"), ("connections.lake.brokers", "x"),
        ("connections.lake.access_key_id", "AKIA"), ("connections.bus.password", "x${secret.key}"),
        ("connections.bus.base_url", "x"), ("connections.api.region", "x"), ("connections.api.bearer", 5),
        ("engine.threads", 0), ("state.pth", "x"), ("rules.valid_id", ["x"]), ("rules.a-b", "x > 0"),
        ("rules.named.on_violation", "explode"), ("defaults.storage", "gs://x"), ("defaults.tables.sql", "SELECT 1"),
        ("defaults.tables.typo", 1), ("defaults.tables.layer", 5), ("defaults.sources.type", "files"), ("defaults.sources.pth", "x"),
        ("defaults.pipeline", "x"), ("targets.dev.default", "yes"), ("targets.dev.mode", "test"),
        ("targets.dev.schema", "a-b"), ("targets.prod.engine.workers", 0), ("targets.prod.name", "x"),
        ("targets.prod", None), ("targets.a-b", {}),
    ],
}
# A file of tests.
SUITE = {
    "version": 1,
    "pipeline": "../shop.yml",
    "meta": {"a": 1},
    "tests": [{"name": "x", "given": {}, "expect": {"table": "silver", "count": 0}}],
    "x-shared": [],
}
STEPS = [{"ingest": {"orders": [{"id": 1, "tags": ["a"]}, [1, None]], "people": []}},
         {"ingest_files": {"orders": {"a.json": "{}"}}}, {"run": "available_now"}, "restart",
         {"advance": "10 minutes"},
         {"expect": {"table": "silver", "rows": [{"id": 1}], "emitted": [], "last_batch": [[1]], "count": 1,
                     "ordered": True, "dropped": {"silver": 0}, "quarantined": {"silver": [{"id": 2}]},
                     "late": 0, "duplicates": {"silver": 1}, "watermark": "2026-01-01T10:00:00Z",
                     "batch_watermark": None, "error": True}}]


def test_with(**keys):
    return [{"name": "x", "table": "silver", "given": {"bronze": [{"id": 1}]}, "expect": {"count": 1}} | keys]


SUITE_CHANGES = {
    "good": [("tests", test_with()), ("tests", [{"name": "x", "description": "y", "steps": STEPS}]),
             ("tests", test_with(expect={"dropped": 0, "quarantined": [{"id": 1}], "error": "rule"})),
             ("tests", test_with(given={"bronze": None}))],
    "bad": [("tests", test_with(name=1)), ("tests", test_with(tabel="x")), ("tests", test_with(steps=STEPS)),
            ("tests", test_with(given=[{"id": 1}])), ("tests", test_with(given={"bronze": {"id": 1}})),
            ("tests", test_with(given={"bronze": [1]})), ("tests", test_with(expect={"rows": {"id": 1}})),
            ("tests", test_with(expect={"state_rows": "x"})), ("tests", test_with(expect={"watermark": 1})),
            ("tests", test_with(expect={"count": -1})), ("tests", test_with(expect={"count": 1, "dropped": "no"})),
            ("tests", test_with(expect={"count": 1, "late": {"silver": "x"}})),
            ("tests", [{"name": "x", "steps": ["stop"]}]), ("tests", [{"name": "x", "steps": [{"run": "once"}]}]),
            ("tests", [{"name": "x", "steps": [{"run": "available_now", "advance": "1 h"}]}]),
            ("version", 2), ("pipelines", "x"), ("tests", "DELETE")],
}

DELETE = object()
# Where, and what stands there instead; DELETE takes it away.
CHANGES = {
    "good": [
        ("description", DELETE), ("schema", DELETE), ("state", DELETE), ("engine", DELETE),
        ("trigger", DELETE), ("tags", DELETE), ("meta", DELETE), ("sources", DELETE),
        ("trigger", {"interval": "10s"}), ("trigger", {"interval": "1 hour", "paused": True}), ("trigger", {}),
        ("trigger", "continuous"), ("trigger", {"schedule": "0 6 * * mon-fri", "timezone": "Europe/Berlin", "catchup": True}),
        ("trigger", {"when": [{"file_arrival": "orders"}, {"file_arrival": {"source": "orders"}}]}),
        ("retry", {"max_attempts": 5, "backoff": "1s", "backoff_max": "1 minute"}), ("timeout", "1h"), ("concurrency", "skip"), ("freshness", {"warn_after": "1h"}), ("tables.bronze.freshness", {"error_after": "2 days"}),
        ("tables.bronze.trigger", {"interval": "5m"}),
        ("meta", 3), ("x-y", [1]), ("engine.memory_limit", 1 << 30), ("state", {}), ("tags", []),
        ("sources.orders.schema", DELETE), ("sources.ticks.every", 500),
        ("tables.silver.expectations", {}), ("tables._x9", {"sql": "SELECT 1"}),
        ("tables.bronze.layer", "my-layer"), ("owner", "me"), ("tables.bronze.enabled", False),
        ("variables", {"x": 1, "y": {"type": "DATE"}}), ("tables.silver.expectations", [{"a": "id > 0"}]),
        ("engine.threads", "${env.N:-2}"), ("sources.orders.header", "${env.H:-true}"),
        ("tables.bronze.reset_allowed", False), ("tables.all.flows.old.once", False),
        ("tables.sure.contract", "none"),
        ("sources.orders.watermark", {"column": "ts", "delay": "2 hours 30 minutes"}),
        ("tables.w.watermark.delay", "${env.DELAY:-2h}"), ("tables.w.deduplicate", {}),
        ("tables.w.deduplicate.keys", "id"),
        ("tables.w.watermark", {"a": {"column": "x", "delay": "1d"}, "s.column": {"column": "x", "delay": "1d"}}),
        ("tables.sure.columns", [{"name": "a", "data_type": "INT", "tests": [{"not_null": {}}]}]),
        ("tables.silver.properties", {"owner": "me", "level": 5, "delta.targetFileSize": "64mb"}),
        *[("tables.silver.expectations.long", v)
          for v in ({"unique": "id"}, {"unique": ["id", "n"], "on_violation": "fail"}, {"row_count": {"min": 1}},
                    {"foreign_key": {"columns": "id", "to": "sure"}},
                    {"foreign_key": {"columns": ["id"], "to": "sure", "field": ["a"]}, "fail_if": "> 1%"})],
        *[("tables.sure.columns", [{"name": "a", "data_type": "INT", "tests": [t]}])
          for t in ("unique", {"relationships": {"to": "silver", "field": "id"}})],
    ],
    "bad": [
        ("version", DELETE), ("version", 2), ("version", "1"), ("version", 1.5),
        ("pipeline", DELETE), ("pipeline", "my shop"), ("pipeline", 7), ("pipeline", ""),
        ("pipeline", "9x"), ("schema", "a-b"), ("storage", DELETE), ("storage", "gs://b/x"), ("storage", "s3://"),
        ("description", 4), ("description", None), ("description", ["a"]),
        ("state", "x"), ("state.durable", "often"), ("state.pth", "x"),
        ("engine.type", "spark"), ("engine.threads", 0), ("engine.threads", "2"),
        ("engine.workers", 257), ("engine.memory_limit", 1), ("engine.memory_limit", "much"),
        ("engine.memory_limit", True),
        ("trigger", "often"), ("trigger", {"interval": "soon"}), ("trigger", {"every": "10s"}), ("trigger", {"paused": "no"}),
        ("trigger", {"when": "orders"}), ("trigger", {"when": [{"file_arrival": {"src": "orders"}}]}),
        ("trigger", {"when": [{}]}), ("trigger", {"when": [{"webhook": {"secret": "hush"}}]}),
        ("retry", {"max_attempts": 0}), ("retry", 3), ("timeout", 5), ("concurrency", "both"),
        ("tables.bronze.trigger", "continuous"), ("tables.bronze.trigger", {}), ("tables.v.trigger", {"interval": "5m"}),
        ("tags", "daily"), ("tags", [1]), ("tags", ["a b"]), ("tags", ["a", "a"]),
        ("owner", 5), ("tables.bronze.enabled", "no"), ("tables.v.reset_allowed", True), ("freshness", 5), ("freshness", {"warn_after": "soon"}), ("tables.v.freshness", {"warn_after": "1h"}), ("xcommon", 1), ("x-", 1),
        ("sources", []), ("sources.orders", {}), ("sources.orders.type", "kafka"),
        ("sources.orders.type", "file"), ("sources.orders.path", DELETE),
        ("sources.orders.path", ["a"]), ("sources.orders.format", "jsonl"),
        ("sources.orders.rows_per_second", 4), ("sources.orders.schema", []),
        ("sources.orders.schema", [{"name": "x"}]),
        ("sources.orders.schema", [{"name": "x", "data_type": "INT", "type": "x"}]),
        ("sources.orders.on_decode_error", "keep"), ("sources.orders.header", "yes"),
        ("sources.orders.max_files_per_trigger", 0), ("sources.orders.watermark", {}),
        ("sources.ticks.names", ["a", 1]), ("sources.ticks.share", "much"),
        ("sources.ticks.every", "soon"), ("sources.ticks.fields", ["a"]),
        ("sources.my source", {"type": "generate"}), ("sources._smelt_x", {"type": "generate"}),
        ("tables", DELETE), ("tables", []), ("tables.bronze", None), ("tables.bronze", {}),
        ("tables.x__quarantine", {"sql": "SELECT 1"}), ("tables.x__late", {"sql": "SELECT 1"}),
        ("tables._delta_log", {"sql": "SELECT 1"}), ("tables.a.b", {"sql": "SELECT 1"}),
        ("tables.bronze.sql", "SELECT 1"), ("tables.bronze.from", "SELECT 1"),
        ("tables.bronze.from", "a.b.c"), ("tables.bronze.layer", ["a"]),
        ("tables.bronze.cluster_by", ["a"]), ("tables.bronze.typo", 1),
        ("tables.bronze.partition_by", "day"), ("tables.bronze.type", "table"),
        ("tables.silver.sql", ""), ("tables.silver.sql", " \n"), ("tables.silver.sql", 1),
        ("tables.silver.sql_file", "x.sql"), ("tables.silver.expectations.short", ""),
        ("tables.silver.expectations.short", ["id > 0"]),
        ("tables.silver.expectations.long", {"on_violation": "drop"}),
        ("tables.silver.expectations.long.on_violation", "keep"),
        ("tables.silver.expectations.long.fail_if", "1%"),
        ("tables.silver.expectations.long.fail_if", "> 1.5"),
        ("tables.silver.expectations.long.fail_if", ">= 0"),
        ("tables.silver.expectations.long.fail_if", "> 100 %"),
        ("tables.silver.expectations.long.fail_if", "> 100.1%"),
        ("tables.silver.expectations.long.fail_if", "> 1.23456%"),
        ("tables.silver.expectations.long.fail_if", 5),
        ("tables.silver.expectations.long.row_count", {"min": 1}),
        ("tables.silver.properties", ["owner"]), ("tables.silver.properties", {"owner": [1]}),
        ("tables.silver.properties", {"delta.appendOnly": True}), ("tables.silver.properties", {"Delta.x": 1}),
        ("tables.silver.expectations.long", {"unique": 5.5, "expect": "id > 0"}),
        ("tables.silver.expectations.long", {"row_count": {"least": 1}}),
        ("tables.silver.expectations.long", {"row_count": 1}),
        ("tables.silver.expectations.long", {"foreign_key": {"columns": "id"}}),
        ("tables.silver.expectations.a-b", "id > 0"),
        ("tables.sure.contract", "strict"), ("tables.sure.columns", []),
        ("tables.sure.columns", [{"data_type": "INT"}]),
        ("tables.sure.columns", [{"name": "a", "data_type": "INT", "type": "INT"}]),
        *[("tables.sure.columns", [{"name": "a", "data_type": "INT", "tests": [t]}])
          for t in ("nonsense", 1, ["not_null"], {}, {"test": "regex"}, {"regex": {}},
                    {"regex": None}, {"test": "not_null", "pattern": "x"}, {"nonsense": {}},
                    {"not_null": {"pattern": "x"}}, {"not_null": {"test": "not_null"}},
                    {"test": "accepted_values", "values": []}, {"pattern": "x"},
                    {"test": "unique", "values": [1]}, {"test": "relationships", "to": "t"}, {"not_null": {}, "regex": {"pattern": "x"}})],
        *[("tables.w.watermark.delay", v) for v in (10, "10", "soon", "-5 minutes", None, DELETE)],
        *[("tables.w.watermark", v) for v in ("ts", {}, {"a b": {"column": "x", "delay": "1d"}}, {"a": {}})],
        ("tables.w.output_mode", "upsert"), ("tables.w.watermark_policy", "mean"), ("tables.w.late_rows", "keep"),
        ("tables.w.unbounded_state", "ok"), ("tables.w.no_data_batches", "no"), ("tables.w.deduplicate", "id"),
        ("tables.w.deduplicate.within", True), ("tables.w.watermark.dely", "1s"),
        ("tables.v.watermark", {"a": {"column": "x", "delay": "1d"}}), ("tables.v.output_mode", "append"),
        *[("tables.gold." + k, v) for k, v in (("watermark", {"column": "x", "delay": "1d"}), ("late_rows", "drop"),
                                               ("deduplicate", {"keys": ["a"]}), ("output_mode", "append"))],
        ("tables.v.columns", [{"name": "a"}]), ("tables.v.contract", "none"),
        ("tables.all.flows.old.once", "true"), ("tables.all.flows.old.sql", DELETE),
        ("tables.all.flows.old.from", "x"), ("tables.gold.flows", {"a": {"sql": "SELECT 1"}}),
        ("tables.v.partition_by", ["a"]), ("tables.v.expectations", {"a": "b"}),
    ],
}


def changed(path, value, good=None):
    doc = copy.deepcopy(good or GOOD)
    names = path.split(".") if not path.startswith("tables.a.b") else ["tables", "a.b"]
    at = doc
    for name in names[:-1]:
        at = at[name]
    if value is DELETE:
        del at[names[-1]]
    else:
        at[names[-1]] = value
    return doc


def loader_takes(tool, doc, how="check"):
    with open("document.yml", "w", encoding="utf-8") as f:
        json.dump(doc, f)
    done = subprocess.run([tool, how, "document.yml"], capture_output=True, text=True)
    return done.returncode == 0, done.stdout + done.stderr


def cases_of(good, all_changes):
    cases = [("good", "", good)]
    for wanted, changes in all_changes.items():
        for path, value in changes:
            value = DELETE if value == "DELETE" else value
            cases.append((wanted, f"{path} = {'nothing' if value is DELETE else value!r}",
                          changed(path, value, good)))
    return cases


def check_documents(tool, validator, cases, how):
    faults = count = 0
    for wanted, what, doc in cases:
        count += 1
        said, why = loader_takes(tool, doc, how)
        if validator.is_valid(doc) != (wanted == "good"):
            faults += 1
            print(f"the schema does not think that this is {wanted}: {what}")
            print(*[f"    {e.json_path}: {e.message[:200]}" for e in validator.iter_errors(doc)], sep="\n")
        if said != (wanted == "good"):
            faults += 1
            print(f"the loader does not think that this is {wanted}: {what}\n{why}")
    return count, faults


def main():
    tool = os.path.abspath(sys.argv[1])
    run = lambda *args: subprocess.run([tool, *args], check=True, capture_output=True, text=True).stdout
    for block in run("blocks").split() + ["files", "generate"]:
        Draft202012Validator.check_schema(json.loads(run("schema", block)))
    schema = json.loads(run("schema"))
    Draft202012Validator.check_schema(schema)
    count, faults = check_documents(tool, Draft202012Validator(schema), cases_of(GOOD, CHANGES), "check")
    project = Draft202012Validator(json.loads(run("schema", "project")))
    more, wrong = check_documents(tool, project, cases_of(PROJECT, PROJECT_CHANGES), "project")
    count, faults = count + more, faults + wrong
    suite = Draft202012Validator(json.loads(run("schema", "test_file")))
    more, wrong = check_documents(tool, suite, cases_of(SUITE, SUITE_CHANGES), "suite")
    count, faults = count + more, faults + wrong
    print(f"{count} documents, {faults} faults")
    sys.exit(1 if faults else 0)


main()
