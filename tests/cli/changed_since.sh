# SPDX-License-Identifier: Apache-2.0
# Against the files of a commit: no table, no state and no data of it is needed.
export GIT_CONFIG_NOSYSTEM=1 GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@b GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@b
git init -q -b main repo && cd repo && mkdir -p shop/data shop/sql
echo '{"id":1,"x":2}' >shop/data/a.json
echo data >shop/.gitignore
cat >shop/pipeline.yml <<END
version: 1
pipeline: shop
storage: ../lake
sources:
  orders: {type: files, path: "data/*.json", format: json}
tables:
  bronze:
    from: orders
    expectations:
      x_there: {expect: x > 0, on_violation: drop}
      id_there: id IS NOT NULL
  recent: {type: view, sql: "SELECT * FROM STREAM(bronze) WHERE x < 100"}
  silver:
    layer: silver
    sql_file: sql/silver.sql
  totals: {type: materialized_view, sql: SELECT count(*) AS n FROM silver}
  old:
    from: bronze
END
echo "SELECT id, x FROM STREAM(recent)" >shop/sql/silver.sql
git add . && git commit -qm one
cd shop
echo "--- nothing changed but a comment, a space, a description"
sed 's/from: orders/from: orders   # all of them/; s/SELECT \* FROM/SELECT  *  FROM/' pipeline.yml >edited && mv edited pipeline.yml
smelt plan --changed-since HEAD --detailed-exitcode; echo "exit $?"
echo "--- a rule, a threshold, the SQL of a file, a view, an option, a table more and one less"
sed 's/x > 0, on_violation: drop/x > 1, on_violation: warn, warn_if: "> 5"/; s/id_there/has_id/; s/x < 100/x < 50/; s/type: files,/type: files, max_files_per_trigger: 7,/; s/  old:/  young:/' pipeline.yml >edited && mv edited pipeline.yml
echo "SELECT id::VARCHAR AS id, x, x * 2 AS twice -- wider
FROM STREAM(recent)" >sql/silver.sql
smelt plan --changed-since main --detailed-exitcode; echo "exit $?"
smelt plan --changed-since main --json | grep '"effect"\|"since"\|"changed"'
smelt plan -q --changed-since main --format github | grep '^::'
for s in state:modified state:new state:modified+,layer:silver; do
    echo "$s: $(smelt ls --select "$s" --changed-since main | cut -d ' ' -f 1 | tr '\n' ' ')"
done
smelt run -n --select "state:new bronze" --changed-since main
echo "--- from another folder, and what the tables say"
(cd / && smelt -C "$OLDPWD" plan -q --changed-since main | tail -n 2)
smelt plan -q | tail -n 1
echo "--- what was not there is new"
mv pipeline.yml other.yml
smelt plan -q --pipeline other.yml --changed-since main | head -n 3
mv other.yml pipeline.yml
echo "--- what had faults"
sed 's/from: orders/from: nobody/' pipeline.yml >edited && cp pipeline.yml kept && mv edited pipeline.yml
git commit -qam broken && mv kept pipeline.yml
smelt plan -q --changed-since HEAD | head -n 2
echo "--- what cannot be"
smelt plan --changed-since nowhere; echo "exit $?"
smelt plan --changed-since --version; echo "exit $?"
smelt ls --changed-since main; echo "exit $?"
PATH=$(dirname "$(command -v smelt)") smelt plan --changed-since main; echo "exit $?"
