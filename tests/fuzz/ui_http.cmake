# SPDX-License-Identifier: Apache-2.0
sm_fuzz(http ui/http runtime/base)
