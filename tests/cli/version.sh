# SPDX-License-Identifier: Apache-2.0
smelt version
