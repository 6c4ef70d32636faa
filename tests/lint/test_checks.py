# SPDX-License-Identifier: Apache-2.0
"""test_checks.py -- each check finds the fault that it is for, and none in a clean tree."""
import os
import subprocess
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
SPDX = "/* SPDX-License-Identifier: Apache-2.0 */\n"
BANNED = SPDX + "/* atoi strcpy strcat sprintf strtok gmtime localtime */\n"
CLEAN = {
    "tests/lint/layers.txt": "runtime/base\nruntime/store runtime/base\ntests *\n<sqlite3.h> runtime/store\n",
    "tests/semantics.tsv": "# rules: A1\nA1\tsays\tn/a: nothing does\n",
    "tests/CMakeLists.txt": "# SPDX-License-Identifier: Apache-2.0\n",
    "runtime/base/CMakeLists.txt": "# SPDX-License-Identifier: Apache-2.0\n",
    "runtime/store/CMakeLists.txt": "# SPDX-License-Identifier: Apache-2.0\n",
    "runtime/base/banned.h": BANNED,
    "runtime/base/str.h": SPDX,
    "runtime/store/store.c": SPDX + '#include "runtime/base/str.h"\n#include <sqlite3.h>\n',
}


def run(check, extra):
    """The check's exit status and output over the clean tree with `extra` files laid over it."""
    with tempfile.TemporaryDirectory() as root:
        for path, text in {**CLEAN, **extra}.items():
            full = os.path.join(root, path)
            os.makedirs(os.path.dirname(full), exist_ok=True)
            with open(full, "w", encoding="utf-8") as f:
                f.write(text)
        done = subprocess.run([sys.executable, "-B", os.path.join(HERE, f"check_{check}.py")],
                              env=dict(os.environ, SM_SOURCE=root), capture_output=True, text=True)
        return done.returncode, done.stdout + done.stderr


def function(lines):
    return SPDX + "int f(void)\n{\n" + "    g();\n" * lines + "}\n"


class Checks(unittest.TestCase):
    def finds(self, check, path, text, words):
        code, output = run(check, {path: text})
        self.assertEqual(code, 1, output)
        self.assertIn(words, output)

    def test_a_clean_tree_has_no_fault(self):
        for check in ("layers", "files", "functions", "code", "diagnostics", "rules"):
            code, output = run(check, {})
            self.assertEqual(code, 0, output)

    def test_markup_out_of_text_in_the_page(self):
        self.finds("files", "ui/web/a.js", "// SPDX-License-Identifier: Apache-2.0\nx.inner" + "HTML = y;\n",
                   "ui/web/a.js:2: markup out of text")

    def test_a_rule_without_a_line_or_a_test(self):
        self.finds("rules", "tests/semantics.tsv", "# rules: A1 B2\nA1\tsays\tn/a: no\n", "rule B2 has no line")
        self.finds("rules", "tests/semantics.tsv", "# rules: A1\nA1\tsays\ttests/x.c:y\n", "no file tests/x.c")
        self.finds("rules", "tests/semantics.tsv", "# rules: A1\nA1\tsays\ttests/CMakeLists.txt:y\n",
                   'has no test "y"')

    def test_a_test_of_a_rule_that_is_not_in_the_table(self):
        self.finds("rules", "tests/unit/test_a.c", SPDX + "static void test_rule_A1_x(void **state)\n{\n}\n",
                   "test_rule_A1_x is not in tests/semantics.tsv")

    def test_an_include_upwards(self):
        self.finds("layers", "runtime/base/a.c", SPDX + '#include "runtime/store/store.c"\n',
                   "runtime/base/a.c:2: runtime/base may not include runtime/store")

    def test_an_include_that_is_no_path_from_the_root(self):
        self.finds("layers", "runtime/base/a.c", SPDX + '#include "str.h"\n', "not a path from the root")

    def test_a_header_away_from_its_home(self):
        self.finds("layers", "runtime/base/a.c", SPDX + "#include <sqlite3.h>\n", "only in runtime/store")

    def test_a_private_header_from_outside(self):
        code, output = run("layers", {"runtime/base/base_int.h": SPDX,
                                      "runtime/store/b.c": SPDX + '#include "runtime/base/base_int.h"\n'})
        self.assertEqual(code, 1)
        self.assertIn("private to runtime/base", output)

    def test_a_folder_without_a_row(self):
        self.finds("layers", "runtime/new/a.c", SPDX, "no row")

    def test_a_row_without_a_folder(self):
        self.finds("layers", "tests/lint/layers.txt", CLEAN["tests/lint/layers.txt"] + "ui/x runtime/base\n",
                   "ui/x has no CMakeLists.txt")

    def test_a_cycle_of_rows(self):
        self.finds("layers", "tests/lint/layers.txt", "runtime/base runtime/store\nruntime/store runtime/base\n",
                   "a cycle: runtime/base -> runtime/store -> runtime/base")

    def test_a_source_without_its_licence_line(self):
        self.finds("files", "runtime/base/a.c", "int x;\n", "no line")

    def test_a_file_that_is_too_long(self):
        self.finds("files", "runtime/base/a.c", SPDX + "\n" * 800, "801 lines")

    def test_two_files_of_one_name(self):
        self.finds("files", "runtime/store/str.h", SPDX, "the name is taken")

    def test_a_note_to_oneself(self):
        self.finds("files", "runtime/base/a.c", SPDX + "/* TO" + "DO later */\n", "a note to oneself")

    def test_an_address_in_a_lock_file(self):
        self.finds("files", "x/package-lock.json", '"resolved": "https://example.org/x"\n', "an address")

    def test_a_function_over_100_lines(self):
        self.finds("functions", "runtime/base/a.c", function(101), "101 lines, more than 100")

    def test_functions_that_are_long_as_a_rule(self):
        self.finds("functions", "runtime/base/a.c", function(16), "median of 16 lines")

    def test_a_value_pasted_into_sql(self):
        self.finds("code", "runtime/store/a.c", SPDX + "x = \"SELECT 1 WHERE a = '%s'\";\n", "pasted in")

    def test_a_code_without_a_row(self):
        self.finds("diagnostics", "runtime/base/a.c", SPDX + 'const char *s = "SM0999";\n',
                   "runtime/base/a.c:2: SM0999 is no row of diag_0N.def")

    def test_a_row_without_a_case(self):
        self.finds("diagnostics", "runtime/base/diag_09.def", SPDX + 'X(SM0999, ERROR, "a", "b")\n',
                   "runtime/base/diag_09.def:2: SM0999 has no case in tests/golden/diag")

    def test_a_banned_function(self):
        self.finds("code", "runtime/store/a.c", SPDX + "int a = atoi(b);\n", "atoi() is not used here")

    def test_a_file_system_call_that_faults_cannot_reach(self):
        self.finds("code", "runtime/store/a.c", SPDX + "int a = unlink(b);\n", "unlink() is not used here")


if __name__ == "__main__":
    unittest.main()
