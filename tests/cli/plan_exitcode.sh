# SPDX-License-Identifier: Apache-2.0
smelt -q init
smelt plan --detailed-exitcode
