# SPDX-License-Identifier: Apache-2.0
# The value of a secret appears nowhere: not in what is printed, logged or stored.
mkdir data secrets
printf '{"id":1}\n' >data/a.json
echo s3cr3t-in-a-file >secrets/key
export TOKEN=s3cr3t-in-the-environment
cat >smelt.yml <<'Y'
version: 1
secrets:
  key: {file: secrets/key}
  token: {environment: TOKEN}
  lost: {environment: NOT_SET}
connections:
  lake: {type: s3, access_key_id: "${secret.key}", secret_access_key: "${secret.token}"}
Y
cat >pipeline.yml <<'Y'
version: 1
pipeline: p
storage: ./lake
sources: {s: {type: files, path: data/*.json, format: json}}
tables: {t: {from: s}}
Y
{
	smelt --debug run
	smelt --debug run --json
	smelt validate
	smelt show --json
	smelt show t --json
	smelt plan --json
	smelt doctor
	smelt doctor --json
	smelt events --json
	smelt runs --json
	smelt status --json
	smelt graph --format json
	smelt schema project
	smelt show --resolved
	sed -i 's/s: {type: files/s: {type: files, header: "${secret.key}"/' pipeline.yml
	smelt validate
	smelt --debug run --json
} >out 2>&1
smelt show --resolved 2>&1 | head -n 5
sed -i 's/, header: "${secret.key}"//' pipeline.yml
smelt show --resolved | grep -E 'secret|connection'
smelt doctor | grep ' secret  '
grep -rl s3cr3t . | sort
echo "found in $(grep -c s3cr3t out) lines of output"
