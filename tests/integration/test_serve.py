# SPDX-License-Identifier: Apache-2.0
"""test_serve.py -- a server runs pipelines when their triggers say so, takes new files only when they
are valid, and loses nothing however it ends."""
import json
import os
import select
import signal
import sys
import unittest

import deltalake
import serve_lib

sys.path.insert(0, os.path.join(os.environ["SM_SOURCE"], "tests", "crash"))
import world  # noqa: E402

PIPELINE = """version: 1
pipeline: {name}
storage: ./lake
trigger: {trigger}
sources:
  orders: {{type: files, path: data/*.json, format: json, schema: [{{name: id, data_type: BIGINT}}]}}
tables:
  {name}_bronze: {{from: orders}}
  {name}_silver:
    sql: SELECT id, id {sign} 1 AS next FROM STREAM({name}_bronze)
"""


class Serve(unittest.TestCase):
    def setUp(self):
        self.w = world.World(self.id().split(".")[-1][:60])
        self.files = 0

    def pipeline(self, name="shop", trigger="{interval: 1s}", sign="+"):
        self.w.write(f"{name}.yml", PIPELINE.format(name=name, trigger=trigger, sign=sign))

    def arrive(self, *ids):
        self.w.write_rows(f"data/{self.files:03}.json", [{"id": i} for i in ids], age=self.files)
        self.files += 1

    def server(self, *args, **options):
        server = serve_lib.Server(self.w.folder, *args, **options)
        self.addCleanup(server.__exit__)
        return server

    def ids(self, table):
        try:
            return sorted(row["id"] for row in self.w.rows(table))
        except (KeyError, deltalake.exceptions.TableNotFoundError):
            return []  # it is not there yet

    def states(self):
        return [state for (state,) in self.w.store("select state from runs order by id")]

    def await_ids(self, server, table, ids):
        """Runs end until the table has these rows."""
        while self.ids(table) != ids:
            server.until("run ", "succeeded")

    def test_interval_takes_in_what_arrives(self):
        self.pipeline()
        self.arrive(1, 2)
        server = self.server("shop.yml")
        server.until("serving 1 pipeline: shop")
        server.until("shop", "run 1", "interval", "succeeded")
        self.arrive(3)
        self.await_ids(server, "shop_silver", [1, 2, 3])
        self.assertEqual(server.end(), 0)
        self.assertLessEqual(set(self.states()), {"completed", "canceled"})  # the last one may be cut short
        self.assertEqual(list(world.faults(self.w)), [])

    def test_available_now_runs_once_when_the_server_starts(self):
        self.pipeline("a", trigger="available_now")
        self.pipeline("b")
        self.w.write("smelt.yml", "version: 1\n")
        self.arrive(1)
        server = self.server()
        server.until("serving 2 pipelines: a, b")
        server.until("b", "run 3", "succeeded")
        self.assertEqual(server.end(signal.SIGINT), 0)
        self.assertEqual(self.w.store("select cause, count(*) from runs r join pipelines p on p.id = r.pipeline_id "
                                      "where name = 'a' group by 1"), [("available_now", 1)])

    def test_end_drains_a_run_that_is_under_way(self):
        self.pipeline(trigger="available_now")
        self.arrive(*range(100))
        server = self.server("shop.yml", failpoint="source.after_read:stop")
        server.await_stopped()
        server.send(signal.SIGTERM)
        self.assertEqual(server.end(signal.SIGCONT), 0)
        self.assertIn(self.states(), (["canceled"], ["completed"]))
        self.w.smelt("run", "shop.yml")
        self.assertEqual(self.ids("shop_silver"), list(range(100)))
        self.assertEqual(list(world.faults(self.w)), [])

    def test_a_second_signal_ends_it_at_once(self):
        self.pipeline(trigger="available_now")
        self.arrive(1)
        server = self.server("shop.yml", failpoint="source.after_read:hang")
        server.until("source.after_read")
        server.send(signal.SIGTERM)
        server.until("stopping")
        self.assertEqual(server.end(), 143)
        self.w.smelt("run", "shop.yml")
        self.assertEqual(self.states(), ["failed", "completed"])
        self.assertEqual(self.ids("shop_silver"), [1])

    def test_reload_takes_valid_files_and_keeps_the_old_ones_else(self):
        self.pipeline()
        self.arrive(1)
        server = self.server("shop.yml")
        server.until("run 1", "succeeded")
        self.pipeline(sign="-")
        self.w.write_rows("data/9.json", [{"id": 9}])
        self.await_ids(server, "shop_silver", [1, 9])
        self.assertIn({"id": 9, "next": 10}, self.w.rows("shop_silver"))  # not reloaded yet
        server.send(signal.SIGHUP)
        server.until("reloaded 1 pipeline: shop")
        self.arrive(2)
        self.await_ids(server, "shop_silver", [1, 2, 9])
        self.assertIn({"id": 2, "next": 1}, self.w.rows("shop_silver"))
        self.pipeline(sign="+ nonsense +")
        server.send(signal.SIGHUP)
        server.until("error[SM")
        server.until("not reloaded: what was deployed goes on")
        self.arrive(3)
        self.await_ids(server, "shop_silver", [1, 2, 3, 9])
        self.assertEqual(server.end(), 0)

    def test_kill_and_restart_leave_no_run_running(self):
        self.pipeline()
        self.arrive(1, 2)
        with self.server("shop.yml", failpoint="flow.after_decided:kill") as server:
            self.assertNotEqual(server.process.wait(serve_lib.PATIENCE), 0)
        self.assertNotIn("completed", self.states())
        self.arrive(3)
        server = self.server("shop.yml")
        self.await_ids(server, "shop_silver", [1, 2, 3])
        self.assertEqual(server.end(), 0)
        self.assertLessEqual(set(self.states()), {"failed", "completed", "canceled"})
        self.assertEqual(list(world.faults(self.w)), [])

    def test_run_beside_the_server_is_waited_for(self):
        self.pipeline()
        self.arrive(1)
        server = self.server("shop.yml")
        server.until("run 1", "succeeded")
        self.arrive(2)
        codes = {self.w.smelt("run", "shop.yml").code for _ in range(5)}
        self.assertLessEqual(codes, {0, 7})  # 7: the server was at it
        self.await_ids(server, "shop_silver", [1, 2])
        self.assertEqual(server.end(), 0)
        self.assertLessEqual(set(self.states()), {"completed", "canceled"})  # the last one may be cut short

    def test_concurrency_cancel_stops_a_run_of_another_process(self):
        slow = "  slow: {{type: materialized_view, sql: 'SELECT count(*) AS n FROM {name}_bronze, range(1000000) AS a, range(1000000) AS b'}}\n"
        for n, (more, args) in enumerate(((slow, ()), ("", ("--continuous",)))):
            name = f"shop{n}"  # one is at work on a batch that has no end, the other one waits for rows
            self.arrive(n)
            self.w.write(f"{name}.yml", (PIPELINE + more).format(name=name, trigger="{interval: 1s}", sign="+"))
            beside = self.w.start("run", f"{name}.yml", *args)
            self.await_ids_of(beside, f"{name}_bronze")
            self.pipeline(name, trigger="{interval: 1s}\nconcurrency: cancel")
            server = self.server(f"{name}.yml")
            stopped = self.w.finish(beside)
            self.assertEqual(stopped.code, 130, stopped.err)
            self.assertIn("stopped by the server, which has a run to begin (`concurrency: cancel`)", stopped.out + stopped.err)
            server.until("run 2", "succeeded")
            self.assertEqual(server.end(), 0)
            (state, error), = self.w.store(f"select state, error from runs where number = 1 and pipeline_id = (select id from pipelines where name = '{name}')")
            self.assertEqual(state, "canceled")
            self.assertIn("stopped by the server", error)

    def await_ids_of(self, process, table):
        """A run that goes on has written something."""
        while not self.ids(table):
            self.assertIsNone(process.poll())
            select.select([], [], [], 0.05)

    def test_a_table_that_a_broken_rule_stopped_is_held_back_until_it_is_resumed(self):
        rule = "  checked: {{from: orders, expectations: {{small: {{expect: id < 100, on_violation: {}}}}}}}\n  behind: {{from: checked}}\n"
        plain = PIPELINE.format(name="shop", trigger="{interval: 1s}", sign="+")
        self.w.write("shop.yml", plain + rule.format("fail"))
        self.arrive(1)
        server = self.server("shop.yml")
        self.await_ids(server, "behind", [1])
        self.arrive(1000)
        server.until("run ", "failed", "small")
        self.arrive(2)
        self.await_ids(server, "shop_silver", [1, 2, 1000])
        server.until("run ", "succeeded")
        status = json.loads(self.w.smelt("status", "-p", "shop.yml", "--json").out)
        self.assertEqual({t["name"]: t["state"] for t in status["tables"] if t["name"] in ("checked", "behind")},
                         {"checked": "held_back", "behind": "skipped"})
        why, status = (self.w.smelt(*words, "-p", "shop.yml").out for words in (("why", "behind"), ("status",)))
        self.assertIn("Next: smelt resume shop.yml\n", why)
        self.assertRegex(status, r"run \d+ succeeded, 1 table held back, 1 behind it skipped  ")
        self.assertIn("Next: smelt resume shop.yml\n", status)
        self.w.smelt("resume", "shop.yml")  # the rule is as it was, and so are the rows
        server.until("run ", "failed", "small")
        server.until("run ", "succeeded")
        self.assertEqual(self.states().count("failed"), 2)
        self.w.write("shop.yml", plain + rule.format("drop"))
        server.send(signal.SIGHUP)
        self.await_ids(server, "behind", [1, 2])
        self.assertEqual(server.end(), 0)

    def refused(self, *words):
        server = self.server("shop.yml")
        server.until(*words)
        self.assertEqual(server.process.wait(serve_lib.PATIENCE), 3)

    def test_a_server_goes_to_the_folders_and_reads_the_variables_that_smelt_yml_gives(self):
        outside = self.w.path("..", os.path.basename(self.w.folder) + "-outside")
        os.makedirs(outside, exist_ok=True)
        self.w.write("smelt.yml", "version: 1\n")
        self.pipeline()
        plain = PIPELINE.format(name="shop", trigger="{interval: 1s}", sign="+")
        self.w.write("shop.yml", plain.replace("data/*.json", outside + "/*.json"))
        self.refused("shop.yml:6", "SM0905", 'what source "orders" reads lies outside')
        os.symlink(outside, self.w.path("link"))
        self.w.write("shop.yml", plain.replace("data/*.json", "link/*.json"))
        self.refused("SM0905")
        self.w.write("shop.yml", plain.replace("./lake", "${env.SHOP_LAKE:-./lake}"))
        self.refused("shop.yml:3", "SM0906", "SHOP_LAKE")
        self.w.write("shop.yml", plain.replace("./lake", "${env.SHOP_LAKE:-./lake}").replace("data/*.json", "link/*.json"))
        self.w.write("smelt.yml", f"version: 1\nserver: {{roots: [., {outside}], environment_allow: [SHOP_LAKE]}}\n")
        with open(os.path.join(outside, "0.json"), "w") as f:
            f.write('{"id": 1}\n')
        server = self.server("shop.yml")
        self.await_ids(server, "shop_silver", [1])
        self.assertEqual(server.end(), 0)

    def test_a_changed_block_of_the_server_waits_for_a_restart_and_says_so(self):
        self.pipeline()
        server = self.server("shop.yml")
        server.until("serving")
        self.w.write("smelt.yml", "version: 1\nserver: {reload: watch}\n")
        server.send(signal.SIGHUP)
        server.until("reloaded")
        self.w.write("smelt.yml", "version: 1\nserver: {allow_preview: true}\n")
        server.send(signal.SIGHUP)
        server.until("block `server` of smelt.yml has changed")
        self.assertEqual(server.end(), 0)
        self.assertEqual(sum("block `server`" in line for line in server.seen), 1)

    def test_files_start_a_run_when_they_arrive(self):
        self.pipeline(trigger="{when: [{file_arrival: orders}]}")
        self.arrive(1)
        server = self.server("shop.yml")
        server.until("run 1", "file_arrival", "succeeded")
        self.arrive(2)
        server.until("run 2", "file_arrival", "succeeded")
        self.await_ids(server, "shop_silver", [1, 2])
        self.assertEqual(server.end(), 0)

    def test_files_that_lie_in_another_folder_start_a_run_after_a_reload(self):
        self.pipeline(trigger="{when: [{file_arrival: orders}]}")
        self.arrive(1)
        server = self.server("shop.yml")
        server.until("run 1", "file_arrival", "succeeded")
        self.w.write_rows("other/1.json", [{"id": 2}])
        with open(self.w.path("shop.yml"), encoding="utf-8") as f:
            text = f.read()
        self.w.write("shop.yml", text.replace("data/*.json", "other/*.json"))
        server.send(signal.SIGHUP)
        server.until("reloaded 1 pipeline: shop")
        server.until("run 2", "file_arrival", "succeeded")
        self.await_ids(server, "shop_silver", [1, 2])
        self.assertEqual(server.end(), 0)

    def test_a_table_starts_the_pipelines_that_read_it(self):
        self.pipeline("a", trigger="available_now")
        self.w.write("b.yml", PIPELINE.format(name="b", trigger="{when: [{table_updated: a.a_silver}]}", sign="+")
                     .replace("from: orders", "sql: SELECT * FROM STREAM(a.a_silver)"))
        self.w.write("smelt.yml", "version: 1\n")
        self.arrive(1)
        server = self.server()
        server.until("a  run 1", "succeeded")
        self.await_ids(server, "b_silver", [1])
        self.arrive(2)
        self.assertEqual(self.w.smelt("run", "a").code, 0)
        self.await_ids(server, "b_silver", [1, 2])
        self.assertEqual(server.end(), 0)

    def test_continuous_goes_on_over_a_run_of_a_person_and_a_reload(self):
        self.pipeline(trigger="continuous")
        self.arrive(1)
        server = self.server("shop.yml")
        server.until("serving")
        while self.ids("shop_silver") != [1]:
            pass
        self.arrive(2)
        while self.ids("shop_silver") != [1, 2]:
            pass
        self.pipeline(trigger="continuous", sign="-")
        server.send(signal.SIGHUP)
        server.until("run 1", "continuous", "stopped")
        self.arrive(3)
        while self.ids("shop_silver") != [1, 2, 3]:
            pass
        self.assertIn({"id": 3, "next": 2}, self.w.rows("shop_silver"))
        self.assertEqual(server.end(), 0)
        self.assertEqual(self.states(), ["canceled", "canceled"])

    def test_a_pause_by_another_process_holds_until_it_is_resumed(self):
        self.pipeline()
        self.arrive(1)
        server = self.server("shop.yml")
        server.until("run 1", "succeeded")
        self.assertEqual(self.w.smelt("pause", "shop.yml").code, 0)
        server.until_quiet()
        self.arrive(2)
        runs = len(self.states())
        self.assertEqual(self.w.smelt("run", "shop.yml").code, 0)  # a person may
        self.assertEqual(self.ids("shop_silver"), [1, 2])
        self.assertEqual(len(self.states()), runs + 1)
        self.assertEqual(server.end(), 0)
        server = self.server("shop.yml")  # it is kept
        server.until("serving")
        self.assertEqual(self.w.smelt("resume", "shop.yml").code, 0)
        server.until(f"run {runs + 2}", "interval", "succeeded")
        self.assertEqual(server.end(), 0)

    def test_watched_files_are_loaded_when_they_change(self):
        self.pipeline()
        self.w.write("smelt.yml", "version: 1\nserver: {reload: watch}\n")
        self.arrive(1)
        server = self.server()
        server.until("run 1", "succeeded")
        self.pipeline(sign="-")
        server.until("reloaded 1 pipeline: shop")
        self.pipeline(sign="- nonsense -")
        server.until("not reloaded")
        self.pipeline("other", trigger="available_now")
        self.pipeline(sign="-")
        server.until("reloaded 2 pipelines: other, shop")
        server.until("other", "run", "available_now", "succeeded")
        self.assertEqual(server.end(), 0)

    def test_a_run_that_takes_too_long_is_stopped_and_tried_again(self):
        self.w.write("pipeline.yml", """version: 1
pipeline: slow
storage: ./lake
timeout: 1s
retry: {max_attempts: 2, backoff: 100ms}
sources:
  orders: {type: files, path: data/*.json, format: json, schema: [{name: id, data_type: BIGINT}]}
tables:
  bronze: {from: orders}
  slow:
    type: materialized_view
    sql: SELECT count(*) AS n FROM bronze, range(1000000) AS a, range(1000000) AS b
""")
        self.arrive(1)
        server = self.server()
        server.until("run 1", "available_now", "failed", "timeout")
        server.until("run 2", "retry", "failed", "timeout")
        self.assertEqual(server.end(), 0)
        self.assertEqual(self.w.smelt("run").code, 9)
        self.assertEqual(set(self.states()), {"failed"})
        self.assertEqual(self.ids("bronze"), [1])

    def test_a_table_that_nothing_is_written_to_becomes_stale(self):
        self.pipeline(trigger="available_now")
        with open(self.w.path("shop.yml"), "a", encoding="utf-8") as f:
            f.write("freshness: {warn_after: 1s, error_after: 2s}\n")
        self.arrive(1)
        self.assertEqual(self.w.smelt("run", "shop.yml").code, 0)
        server = self.server("shop.yml")
        server.until("run 2", "succeeded")
        stale = "select distinct dataset from events where type = 'stale' order by dataset"
        while len(self.w.store(stale)) < 2:
            server.until_quiet(1)
        self.assertEqual(self.w.store(stale), [("shop_bronze",), ("shop_silver",)])
        self.assertIn("It is stale: nothing was written for ", self.w.smelt("why", "shop_silver", "-p", "shop.yml").out)
        self.assertEqual(self.w.smelt("status", "shop.yml").out.count("✖ stale"), 2)
        self.assertNotIn("idle", self.w.smelt("status", "shop.yml").out)
        self.assertEqual(server.end(), 0)

    def test_tokens_are_made_where_the_server_looks_for_them(self):
        for name in ("a", "b"):
            self.w.write(f"{name}.yml", PIPELINE.format(name=name, trigger="available_now", sign="+").replace("./lake", f"./{name}_lake"))
        self.w.write("smelt.yml", "version: 1\n")
        server = self.server()
        file = server.until("the token of its first admin is in ").split(" is in ")[1].strip()
        self.assertTrue(os.path.samefile(file, self.w.path("a_lake", ".smelt", "control", "admin-token")), file)
        refused = self.w.smelt("token", "create", "-p", "b")
        self.assertEqual(refused.code, 2)
        self.assertIn('deploys first, "a", and not with "b": leave -p out', refused.err)
        made = self.w.smelt("token", "create", "--role", "operator")
        self.assertIn(", an operator for 90 days", made.err)
        self.assertEqual(self.w.smelt("token", "list").out.count("active"), 2)
        self.assertEqual(server.end(), 0)

    def test_a_bucket_that_is_away_keeps_no_other_pipeline_from_running(self):
        self.pipeline("shop")
        self.arrive(1)
        self.w.write("smelt.yml", "version: 1\nsecrets: {key: {environment: PATH}}\nconnections:\n"
                     "  lake: {type: s3, endpoint: 'http://127.0.0.1:9', access_key_id: '${secret.key}', "
                     "secret_access_key: '${secret.key}'}\nserver: {environment_allow: [PATH]}\n")
        away = PIPELINE.format(name="away", trigger="{interval: 1s}", sign="+").replace("data/*.json", "s3://landing/*.json")
        self.w.write("away.yml", away.replace(", schema: [{name: id, data_type: BIGINT}]", ""))
        server = self.server()
        server.until('source "orders"', "a run will ask again")
        self.await_ids(server, "shop_silver", [1])
        self.assertEqual(server.end(), 0)

    def test_faults_at_the_start_are_told_all_at_once(self):
        self.pipeline("a", sign="+ nonsense +")
        self.pipeline("b", trigger="{interval: soon}")
        self.w.write("smelt.yml", "version: 1\n")
        server = self.server()
        self.assertEqual(server.process.wait(serve_lib.PATIENCE), 3)
        server.until("a.yml:")
        server.until("b.yml:")


if __name__ == "__main__":
    world.run_tests()
