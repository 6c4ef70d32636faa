# SPDX-License-Identifier: Apache-2.0
sm_bench(ndjson runtime/connect)
