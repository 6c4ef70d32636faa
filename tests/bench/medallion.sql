-- The work of examples/iot, as a person would write it for DuckDB: three tables and the
-- counts of three rules.  @DIR@ is the folder.
COPY (
    SELECT * FROM read_json('@DIR@/landing/readings/*.json', format = 'newline_delimited',
        columns = {device_id: 'VARCHAR', event_timestamp: 'TIMESTAMP', temperature: 'DOUBLE',
                   humidity: 'DOUBLE', battery: 'INTEGER', site: 'VARCHAR', firmware: 'VARCHAR'})
) TO '@DIR@/script/bronze.parquet' (FORMAT parquet, COMPRESSION snappy);

COPY (
    SELECT count(*) AS n,
           count(*) FILTER (WHERE (device_id IS NOT NULL) IS NOT TRUE) AS has_device,
           count(*) FILTER (WHERE (temperature BETWEEN -50 AND 60) IS NOT TRUE) AS plausible,
           count(*) FILTER (WHERE (battery >= 0) IS NOT TRUE) AS battery_ok
    FROM read_parquet('@DIR@/script/bronze.parquet')
) TO '@DIR@/script/rules.csv';

COPY (
    SELECT device_id, event_timestamp, temperature, humidity, battery, site
    FROM read_parquet('@DIR@/script/bronze.parquet')
    WHERE device_id IS NOT NULL AND temperature BETWEEN -50 AND 60
) TO '@DIR@/script/silver.parquet' (FORMAT parquet, COMPRESSION snappy);

COPY (
    SELECT time_bucket(INTERVAL '10 minutes', event_timestamp) AS window_start, device_id,
           count(*) AS readings, avg(temperature) AS avg_temperature, min(battery) AS min_battery
    FROM read_parquet('@DIR@/script/silver.parquet')
    GROUP BY ALL
) TO '@DIR@/script/gold.parquet' (FORMAT parquet, COMPRESSION snappy);
