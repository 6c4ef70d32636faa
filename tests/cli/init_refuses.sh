# SPDX-License-Identifier: Apache-2.0
# Not one file is written when one of them is there.
echo mine >pipeline.yml
smelt init --template demo
status=$?
ls
cat pipeline.yml
exit $status
