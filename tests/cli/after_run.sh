# SPDX-License-Identifier: Apache-2.0
smelt -q init
smelt -q run
smelt status
smelt runs
smelt runs 1
smelt plan
smelt checkpoint list
smelt doctor
smelt events --level warn
