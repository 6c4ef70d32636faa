# SPDX-License-Identifier: Apache-2.0
# docs/guide/tests.md: its pipeline and its tests run, and its commands say what the page shows.
"$SM_PYTHON" - "$SM_SOURCE/docs/guide/tests.md" <<'END'
import difflib, os, re, subprocess, sys

page = open(sys.argv[1], encoding="utf-8").read()
files, shown, said = iter(["pipeline.yml", "tests/shop.yml"]), [], []
os.mkdir("tests")
for kind, text in re.findall(r"^```(yaml)?\n(.*?)^```$", page, re.S | re.M):
    if kind == "yaml":
        with open(next(files), "w", encoding="utf-8") as f:
            f.write(text)
        continue
    for line in text.splitlines():
        shown.append(re.sub(r" in [0-9.]+ m?s$", "", line))
        if line.startswith("$ "):
            said.append(line)
            done = subprocess.run(["sh", "-c", line[2:]], stdout=subprocess.PIPE, text=True, check=False)
            said += [re.sub(r" in [0-9.]+ m?s$", "", answer) for answer in done.stdout.splitlines()]
print(*difflib.unified_diff(shown, said, "page", "program", lineterm=""), sep="\n", end="")
print("as the page says" if shown == said else "not as the page says")
END
