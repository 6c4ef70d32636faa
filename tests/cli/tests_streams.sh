# SPDX-License-Identifier: Apache-2.0
# Event time in tests: watermarks, late rows, duplicates, over restarts.
cat >pipeline.yml <<'END'
version: 1
pipeline: iot
storage: ./lake
sources:
  readings:
    type: files
    path: landing/*.json
    format: json
    schema:
      - {name: device_id, data_type: VARCHAR}
      - {name: event_timestamp, data_type: TIMESTAMP}
      - {name: temperature, data_type: DOUBLE}
tables:
  silver:
    sql: SELECT device_id, event_timestamp, temperature FROM STREAM(readings)
    watermark: {column: event_timestamp, delay: 2 hours}
    deduplicate: {keys: [device_id, event_timestamp], within_watermark: true}
  counts:
    watermark: {column: event_timestamp, delay: 10 minutes}
    output_mode: append
    sql: |
      SELECT window(event_timestamp, '10 minutes') AS w, device_id, count(*) AS readings
      FROM STREAM(silver) GROUP BY ALL
  totals:
    output_mode: update
    unbounded_state: accepted
    sql: SELECT device_id, count(*) AS readings FROM STREAM(silver) GROUP BY device_id
END
cat >iot_test.yml <<'END'
version: 1
tests:
  - name: a window closes once and survives a restart
    steps:
      - ingest: {readings: [{device_id: a, event_timestamp: "2026-01-01T10:00:00Z", temperature: 20}]}
      - expect: {table: counts, rows: [], watermark: "2026-01-01T09:50:00Z", batch_watermark: null}
      - ingest: {readings: [{device_id: a, event_timestamp: "2026-01-01T12:40:00Z", temperature: 21}]}
      - expect: {table: counts, rows: [{device_id: a, readings: 1, w: {start: "2026-01-01T10:00:00Z"}}], watermark: "2026-01-01 12:30:00", batch_watermark: "2026-01-01T09:50:00Z"}
      - restart
      - ingest: {readings: [{device_id: a, event_timestamp: "2026-01-01T10:05:00Z", temperature: 22}]}
      - expect: {table: counts, count: 1}
      - expect: {late: {silver: 1}}
  - name: duplicates
    table: silver
    steps:
      - ingest: {readings: [{device_id: a, event_timestamp: "2026-01-01T10:00:00Z"}]}
      - restart
      - ingest: {readings: [{device_id: a, event_timestamp: "2026-01-01T10:00:00Z"}, {device_id: b, event_timestamp: "2026-01-01T10:00:00Z"}]}
      - expect: {emitted: [{device_id: a}, {device_id: b}], duplicates: 1, late: 0}
      - expect: {table: totals, rows: [[a, 1], [b, 1]]}
  - name: what is not so
    steps:
      - ingest: {readings: [{device_id: a, event_timestamp: "2026-01-01T10:00:00Z"}]}
      - expect: {table: counts, watermark: null, batch_watermark: "2026-01-01T10:00:00Z"}
      - expect: {late: {silver: 1}, duplicates: {silver: 2}}
END
smelt test | sed 's/ in [0-9].*//'
