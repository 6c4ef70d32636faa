# SPDX-License-Identifier: Apache-2.0
# Variables: in values by ${…}, in SQL by $name; SQL in a file of its own.  Other values make another
# plan, never a stale one.
mkdir data sql
validate() { smelt "$@" validate 2>&1 | sed 's/ in [0-9.]* m*s$/ in N ms/'; }
printf '{"id":1,"shop":"o'"'"'neill"}\n{"id":2,"shop":"x"}\n{"id":3,"shop":"x"}\n' >data/a.json
printf -- '-- the shops that count\nSELECT id, shop FROM STREAM(orders)\nWHERE shop = $shop AND id >= $least\n' >sql/kept.sql
cat >pipeline.yml <<'Y'
version: 1
pipeline: p
storage: ./${var.folder}
variables:
  folder: {default: lake}
  shop: {type: VARCHAR, description: Whose orders}
  least: 1
sources:
  orders: {type: files, path: "${env.LANDING:-data}/*.json", format: json}
tables:
  kept:
    sql_file: sql/kept.sql
    description: Orders of ${var.shop}
Y
validate
smelt --var "shop=o'neill" -q run >/dev/null && smelt --var "shop=o'neill" query "SELECT * FROM kept"
smelt --var shop=x --var folder=other --var least=3 -q run >/dev/null
smelt --var shop=x --var folder=other query 'SELECT id, $least AS least FROM kept'
smelt --var shop=x show kept --sql
smelt --var shop=x show kept --resolved | head -n 5 | sed 's|   *|  |g'
validate --var shop=x --var least=many
smelt --var shop validate
echo "exit $?"
sed -i 's/shop = /chop = /' sql/kept.sql
validate --var "shop=o'neill"
