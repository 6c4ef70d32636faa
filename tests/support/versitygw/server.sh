#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The S3 server of the tests, over the folder DIR; its objects are files in DIR/buckets.
#
#   server.sh start DIR    start it, or start it again: same port, same objects; prints NAME=value
#   server.sh stop DIR     end it
#   server.sh kill DIR     end it with SIGKILL
set -eu
ROOT=$(cd "$(dirname "$0")/../../.." && pwd -P)
PROGRAM=$ROOT/build/deps/versitygw/versitygw
[ $# = 2 ] || {
    sed -n '3,7p' "$0" >&2
    exit 2
}
DIR=$2

choose_port() {
    [ -s "$DIR/port" ] || python3 "$ROOT/tests/support/free_ports.py" 1 >"$DIR/port"
    PORT=$(cat "$DIR/port")
}

answers() {
    python3 -c 'import socket, sys
socket.create_connection(("127.0.0.1", int(sys.argv[1])), 1).close()' "$PORT" 2>/dev/null
}

start() {
    [ -x "$PROGRAM" ] || {
        echo "no S3 server for the tests: run scripts/setup --tests" >&2
        exit 1
    }
    mkdir -p "$DIR/buckets" "$DIR/meta"
    choose_port
    (exec "$PROGRAM" --access smelt --secret smelt-secret --region us-east-1 \
        --port "127.0.0.1:$PORT" --quiet posix --sidecar "$DIR/meta" "$DIR/buckets" \
        >>"$DIR/log" 2>&1) &
    echo $! >"$DIR/pid"
    for _ in $(seq 100); do
        if answers; then
            echo "SM_S3_ENDPOINT=http://127.0.0.1:$PORT"
            echo "SM_S3_FOLDER=$DIR/buckets"
            return 0
        fi
        kill -0 "$(cat "$DIR/pid")" 2>/dev/null || break
        sleep 0.05
    done
    tail -n 20 "$DIR/log" >&2
    echo "the S3 server does not answer on port $PORT" >&2
    exit 1
}

end() {
    [ -s "$DIR/pid" ] || return 0
    pid=$(cat "$DIR/pid")
    kill "-$1" "$pid" 2>/dev/null || true
    for _ in $(seq 100); do
        kill -0 "$pid" 2>/dev/null || break
        sleep 0.05
    done
    rm -f "$DIR/pid"
}

case $1 in
start) start ;;
stop) end TERM ;;
kill) end KILL ;;
*) exit 2 ;;
esac
