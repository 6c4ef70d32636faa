#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# debootstrap_demo.sh -- scripts/demo in a bare Debian 12, as somebody's first minute with smelt.
#
#   debootstrap_demo.sh [FOLDER]     FOLDER holds the new root; it is removed at the end
#
# The root is Debian's minimal variant and nothing else: setup must install all that it needs.  It
# reaches the package mirrors as this machine does, so apt's and npm's configuration go along.
# Needs root, debootstrap and its own mount namespace; exit status 77 says what is missing.
set -eu

SOURCE=${SM_SOURCE:-$(cd "$(dirname "$0")/../.." && pwd -P)}
FOLDER=${1:-${SM_BUILD:-$SOURCE/build}/scratch/debian}
SUITE=bookworm
CA=/etc/ssl/certs/ca-certificates.crt

skip() {
    echo "skipped: $*"
    exit 77
}
fail() {
    echo "failed: $*"
    exit 1
}
remove_root() { rm -rf --one-file-system "$FOLDER"; }

[ "$(id -u)" = 0 ] || skip "a root file system can only be made by root"
command -v debootstrap >/dev/null 2>&1 || skip "debootstrap is not installed (scripts/setup --all-tests)"
command -v apt-get >/dev/null 2>&1 || skip "this machine has no apt whose mirror could be used"
unshare --mount --propagation private true 2>/dev/null || skip "no mount namespace can be made here"

# Where this machine has a Debian suite from; empty when its sources do not name it.
mirror_of() {
    apt-get indextargets --format '$(CODENAME) $(REPO_URI)' 'Created-By: Packages' 2>/dev/null |
        awk -v suite="$1" '$1 == suite { print $2; exit }'
}

copy_apt_configuration() {
    for suite in "$SUITE" "$SUITE-updates" "$SUITE-security"; do
        uri=$(mirror_of "$suite")
        [ -z "$uri" ] || echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $uri $suite main"
    done >"$FOLDER/etc/apt/sources.list"
    apt-config dump | grep -E '^Acquire::[A-Za-z:-]+ "[^"]+";' >"$FOLDER/etc/apt/apt.conf.d/99machine" || true
}

copy_npm_configuration() {
    command -v npm >/dev/null 2>&1 || return 0
    for key in registry proxy https-proxy strict-ssl; do
        setting=$(npm config get "$key" 2>/dev/null)
        case $setting in
        '' | null | undefined) ;;
        *) echo "$key=$setting" ;;
        esac
    done >"$FOLDER/root/.npmrc"
    if [ -f "$CA" ]; then
        cp "$CA" "$FOLDER/etc/machine-ca.crt"
        echo "cafile=/etc/machine-ca.crt" >>"$FOLDER/root/.npmrc"
    fi
}

copy_source() {
    mkdir -p "$FOLDER/src"
    if git -C "$SOURCE" rev-parse 2>/dev/null; then
        git -C "$SOURCE" ls-files -z --cached --others --exclude-standard |
            (cd "$SOURCE" && xargs -0 sh -c 'for f; do [ ! -f "$f" ] || printf "%s\0" "$f"; done' sh) |
            tar -C "$SOURCE" --null -T - -cf -
    else
        tar -C "$SOURCE" --exclude=./build --exclude=./demo -cf - .
    fi | tar -C "$FOLDER/src" -xf -
}

# Runs in its own mount namespace, so that the mounts end with it.
run_inside() {
    unshare --mount --propagation private sh -c '
        mount --rbind /proc "$1/proc" && mount --rbind /dev "$1/dev" && shift &&
        exec chroot "$0" "$@"' "$FOLDER" "$FOLDER" \
        env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root TERM=dumb \
        ${http_proxy:+http_proxy="$http_proxy"} ${https_proxy:+https_proxy="$https_proxy"} "$@"
}

check_output() {
    for word in readings_bronze readings_silver readings_10m plausible 'Run 1 succeeded' 'Next:'; do
        grep -q -- "$word" "$FOLDER/output" || fail "the demo's output does not hold \"$word\""
    done
    logs=$(find "$FOLDER/src/demo" -name _delta_log -type d | wc -l)
    [ "$logs" -ge 3 ] || fail "$logs Delta tables, wanted three or more"
}

remove_root
mkdir -p "$FOLDER"
trap remove_root EXIT
trap 'exit 130' INT TERM
uri=$(mirror_of "$SUITE")
[ -n "$uri" ] || skip "apt's sources do not name Debian's $SUITE"
echo "making a minimal Debian $SUITE"
debootstrap --variant=minbase "$SUITE" "$FOLDER" "$uri" >"$FOLDER.log" 2>&1 || {
    tail -n 20 "$FOLDER.log"
    fail "debootstrap"
}
copy_apt_configuration
copy_npm_configuration
cp -L /etc/resolv.conf /etc/hosts "$FOLDER/etc/"
copy_source
echo "running scripts/demo in it"
run_inside /src/scripts/demo >"$FOLDER/output" 2>&1 || {
    cat "$FOLDER/output"
    fail "scripts/demo"
}
cat "$FOLDER/output"
check_output
echo "the demo works in a minimal Debian $SUITE"
