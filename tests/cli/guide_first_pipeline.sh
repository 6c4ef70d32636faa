# SPDX-License-Identifier: Apache-2.0
# docs/guide/first-pipeline.md: each of its commands is run, in order, and says what the page shows.
"$SM_PYTHON" - "$SM_SOURCE/docs/guide/first-pipeline.md" <<'EOF'
import difflib, os, re, subprocess, sys

page = open(sys.argv[1], encoding="utf-8").read()
commands, shown, said, folder = 0, [], [], os.getcwd()


def same(line):
    """Without what differs from run to run: times and the ids of rows."""
    line = re.sub(r"[0-9.]+ m?s$", "T", line)
    line = re.sub(r"^(shop) @ [0-9a-f]+$", r"\1", line)
    return re.sub(r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "ID", line)


for kind, text in re.findall(r"^```(yaml)?\n(.*?)^```$", page, re.S | re.M):
    if kind == "yaml":
        with open(os.path.join(folder, "pipeline.yml"), "w", encoding="utf-8") as f:
            f.write(text)
        continue
    for line in text.splitlines():
        shown.append(same(line))
        if not line.startswith("$ "):
            continue
        commands += 1
        said.append(same(line))
        if line.startswith("$ cd "):
            folder = os.path.join(folder, line[5:])
            continue
        done = subprocess.run(["sh", "-c", line[2:]], cwd=folder, stdout=subprocess.PIPE, text=True, check=False)
        said += [same(answer) for answer in done.stdout.splitlines()]
print(*difflib.unified_diff(shown, said, "page", "program", lineterm=""), sep="\n", end="")
print("fewer than 20 commands, as the page says" if shown == said and commands < 20 else f"{commands} commands")
EOF
