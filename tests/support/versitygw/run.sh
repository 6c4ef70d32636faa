#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# run.sh COMMAND...: the command with an S3 server of its own, in SM_S3_ENDPOINT (address),
# SM_S3_FOLDER (its buckets as folders) and SM_S3_DIR (for server.sh); key smelt, secret
# smelt-secret.  The server ends with the command.
set -eu
HERE=$(cd "$(dirname "$0")" && pwd -P)
SM_S3_DIR=$(mktemp -d)
trap '"$HERE/server.sh" stop "$SM_S3_DIR"; rm -rf "$SM_S3_DIR"' EXIT
trap 'exit 143' TERM INT
"$HERE/server.sh" start "$SM_S3_DIR" >"$SM_S3_DIR/env"
. "$SM_S3_DIR/env"
export SM_S3_DIR SM_S3_ENDPOINT SM_S3_FOLDER
"$@"
