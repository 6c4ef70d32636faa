# SPDX-License-Identifier: Apache-2.0
# common.sh -- sourced by the scripts: where things are, how they speak.
# Sets ROOT (the checkout), DEPS (what setup installs), JOBS; changes into ROOT.

set -eu
ROOT=$(cd "$(dirname "$0")/.." && pwd -P)
DEPS=$ROOT/build/deps
ME=$(basename "$0")
JOBS=${SM_JOBS:-$(nproc 2>/dev/null || echo 2)}
cd "$ROOT"

say() { printf '%s: %s\n' "$ME" "$*" >&2; }
die() {
    say "$*"
    exit 1
}

# The comment at the head of a script is its help: from the second "#" block to the first
# line that is no comment.
help() {
    sed -n '3,/^[^#]/{/^#/{s/^# \{0,1\}//;p;}}' "$ROOT/scripts/$ME"
    exit "${1:-0}"
}

# ccache when it is there; nothing needs it.
launcher() {
    if command -v ccache >/dev/null 2>&1; then
        printf '%s' -DCMAKE_C_COMPILER_LAUNCHER=ccache
    else
        printf '%s' -DCMAKE_C_COMPILER_LAUNCHER=
    fi
}

# configure PRESET [cmake arguments]: quiet unless it fails.
configure() {
    preset=$1
    shift
    mkdir -p "$ROOT/build"
    if ! cmake -G Ninja --preset "$preset" "$(launcher)" "$@" >"$ROOT/build/$preset.configure.log" 2>&1; then
        cat "$ROOT/build/$preset.configure.log" >&2
        die "configuring the preset $preset failed"
    fi
}

# build PRESET [target]: warnings are shown, the rest only when it fails.
build() {
    log=$ROOT/build/$1.build.log
    if ! cmake --build "$ROOT/build/$1" -j "$JOBS" ${2:+--target "$2"} >"$log" 2>&1; then
        tail -n 60 "$log" >&2
        die "building the preset $1 failed"
    fi
    grep -E -A 4 'warning:' "$log" >&2 || true
}
