# SPDX-License-Identifier: Apache-2.0
# What the files say wrong of a connection is told at its place: nobody is asked by it.
unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY
cat >smelt.yml <<'END'
version: 1
secrets:
  id: {environment: LAKE_ID}
  key: {environment: LAKE_KEY}
connections:
  lake:
    type: s3
    endpoint: "http://127.0.0.1:9"
    region: us-east-1
    access_key_id: "${secret.id}"
    secret_access_key: "${secret.key}"
END
cat >pipeline.yml <<'END'
version: 1
pipeline: shop
storage: ./lake
sources:
  orders: {type: files, path: "s3://landing/orders/*.json", format: json, connection: lake}
tables:
  bronze: {from: orders}
  silver: {sql: SELECT id FROM STREAM(bronze)}
END
fault() {
    echo "== $1 of $2"
    cp "$2" good
    sed -i "$1" "$2"
    smelt run 2>&1 >/dev/null | grep -E 'error|hint'
    mv good "$2"
}
fault 's/secret.key/secret.kee/' smelt.yml
fault '/secret_access_key/d' smelt.yml
fault 's/"${secret.id}"/smelt/' smelt.yml
fault 's/connection: lake/connection: lak/' pipeline.yml
