# SPDX-License-Identifier: Apache-2.0
# Tables without their control store: plan says what run does, adopt brings it back.
smelt -q init
smelt -q run >/dev/null
rm -r lake/.smelt
smelt plan
look() {
    smelt doctor >doctor.txt
    echo "doctor: exit $?"
    grep -E '^.*(✖|Next)' doctor.txt
}
look
smelt -q run >/dev/null 2>&1
echo "run: exit $?"
look
smelt checkpoint adopt readings_bronze --yes
smelt checkpoint adopt readings_silver --yes
smelt plan -q
smelt run
echo "run: exit $?"
