# SPDX-License-Identifier: Apache-2.0
add_executable(kafka_count kafka_count.c)
sm_library(rdkafka rdkafka)
target_link_libraries(kafka_count PRIVATE sm_flags ${rdkafka})
