# SPDX-License-Identifier: Apache-2.0
smelt sources
smelt sinks
smelt sources generate | head -n 1
smelt sources http
echo "exit $?"
smelt sources fils
echo "exit $?"
