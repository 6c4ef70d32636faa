# SPDX-License-Identifier: Apache-2.0
sm_fuzz(sql pipelines/sql)
