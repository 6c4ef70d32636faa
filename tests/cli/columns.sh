# SPDX-License-Identifier: Apache-2.0
tidy() {
    sed "s/  [0-9.]* m*s$//; s/ in [0-9.]* m*s$//; s/ @ [0-9a-f]*$//"
}
mkdir data
cat >data/a.json <<END
{"id":1,"status":"open","amount":5.5}
{"id":2,"status":"paid","amount":-1}
{"id":3,"status":"lost","amount":null}
{"id":null,"status":null,"amount":7}
END
cat >pipeline.yml <<END
version: 1
pipeline: shop
storage: ./lake
sources:
  orders: {type: files, path: "data/*.json", format: json, rescued_data_column: ""}
tables:
  orders_clean:
    sql: SELECT * FROM STREAM(orders)
    contract: enforced
    columns:
      - {name: id, data_type: BIGINT, description: Number of the order, tests: [{not_null: {on_violation: drop}}]}
      - name: status
        data_type: VARCHAR
        tests:
          - accepted_values: {values: [open, paid]}
          - {test: regex, pattern: "^[a-z]+$"}
      - {name: amount, data_type: DOUBLE, tests: [accepted_range: {min_value: 0}, not_null]}
END
smelt run | tidy
echo "--- expectations"
smelt show orders_clean | sed -n '/^Exp/,$p'
echo "--- the comment of the column"
grep -o 'comment[^}]*' lake/shop/orders_clean/_delta_log/00000000000000000000.json
smelt show orders_clean --schema
echo "--- a contract does not let a new field in"
echo '{"id":5,"status":"open","amount":1,"note":"x"}' >data/b.json
smelt run >out; echo "exit $?"
tidy <out
rm data/b.json
echo "--- nor a new column of the query"
sed -i 's/SELECT \*/SELECT *, 1 AS extra/' pipeline.yml
smelt run; echo "exit $?"
sed -i 's/enforced/warn/; s/, 1 AS extra/ EXCLUDE (amount), CAST(amount AS FLOAT) AS amount/' pipeline.yml
smelt validate --json | grep -c SM0313
