# SPDX-License-Identifier: Apache-2.0
smelt -q init
smelt graph
smelt graph --format mermaid
smelt graph --format dot
smelt graph --format svg
echo "exit $?"
