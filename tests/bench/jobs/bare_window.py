"""The plainest exactly-once job: JSON in, a one-minute window per key, JSON out.

What the weather job costs is seen beside this: the same broker, format, checkpoints and transactions, and no weather.
"""

import os

from pyflink.table import EnvironmentSettings, TableEnvironment

from contracts.flink import JSON_OPTIONS
from contracts.kafka import flink_properties
from contracts.settings import KafkaSettings


def _options(**options: str) -> str:
    connection = flink_properties(KafkaSettings.load())
    every = {"connector": "kafka", **connection, **{name.replace("__", "."): value for name, value in options.items()}}
    return ", ".join(f"'{name}' = '{value}'" for name, value in every.items())


def main() -> None:
    table_env = TableEnvironment.create(EnvironmentSettings.in_streaming_mode())
    config = table_env.get_config()
    config.set("pipeline.name", "bare_window")
    config.set("parallelism.default", os.environ["BENCH_PARALLELISM"])
    config.set("execution.checkpointing.interval", f"{os.environ['BENCH_CHECKPOINT_MS']} ms")
    config.set("table.local-time-zone", "UTC")
    source = _options(topic=os.environ["BENCH_SOURCE"], format="json", scan__startup__mode="earliest-offset")
    sink = _options(
        topic=os.environ["BENCH_SINK"],
        format="json",
        key__format="raw",
        key__fields="sensor",
        **{"sink.delivery-guarantee": "exactly-once", "sink.transactional-id-prefix": os.environ["BENCH_SINK"]},
        **{"properties.transaction.timeout.ms": "600000"},
        **{f"json.{name}": value for name, value in JSON_OPTIONS.items()},
    )
    table_env.execute_sql(f"""
        CREATE TABLE events (
            sensor STRING, at_ms BIGINT, temperature_c DOUBLE, humidity_pct DOUBLE, note STRING,
            measured_at AS TO_TIMESTAMP_LTZ(at_ms, 3),
            WATERMARK FOR measured_at AS measured_at - INTERVAL '5' SECOND
        ) WITH ({source})""")
    table_env.execute_sql(f"""
        CREATE TABLE minutes (
            sensor STRING, window_start TIMESTAMP_LTZ(3), readings BIGINT,
            temperature_min_c DOUBLE, temperature_max_c DOUBLE, temperature_mean_c DOUBLE
        ) WITH ({sink})""")
    table_env.execute_sql("""
        INSERT INTO minutes
        SELECT sensor, window_start, COUNT(*), MIN(temperature_c), MAX(temperature_c), AVG(temperature_c)
        FROM TABLE(TUMBLE(TABLE events, DESCRIPTOR(measured_at), INTERVAL '1' MINUTE))
        GROUP BY sensor, window_start, window_end""")


if __name__ == "__main__":
    main()
