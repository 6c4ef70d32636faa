# SPDX-License-Identifier: Apache-2.0
# A result that no terminal shows is refused, and says which column or how much is too much.
smelt -q init
smelt query "SELECT 1 AS n, repeat('x', 20000000) AS long"
echo "exit $?"
smelt query "SELECT repeat('x', 1000000) AS part FROM range(100)"
echo "exit $?"
smelt query "SELECT length(repeat('x', 20000000)) AS n"
