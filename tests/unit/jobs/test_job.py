"""The job as it is built: where its tables are, what its stored plan stands for, what reaches Flink's configuration."""

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from contracts.schema import RECORDS
from contracts.settings import KafkaSettings
from contracts.topics import Catalogue
from jobs import plans, runtime
from jobs.process_weather import job
from jobs.runtime import Job
from jobs.settings import JobSettings
from jobs.sql import View

TOPICS = Catalogue()
KAFKA = KafkaSettings(bootstrap_servers="a:1")


def built(kafka: KafkaSettings = KAFKA, topics: Catalogue = TOPICS, *, bounded: bool = False, **settings: Any) -> Job:
    return job(JobSettings(**settings), kafka, topics, bounded=bounded)


def options(made: Job) -> dict[str, dict[str, str]]:
    return {table.name: dict(table.options) for table in made.tables}


# ---- tables ----


def test_every_table_has_its_topic() -> None:
    assert {name: found["topic"] for name, found in options(built(topics=Catalogue("p.", "uk-weather"))).items()} == {
        "observations": "p.uk-weather",
        "dead_letters": "p.uk-weather.dlq",
        "late": "p.uk-weather.late",
        "enriched": "p.weather.enriched",
        "anomalies": "p.weather.anomalies",
        "revisions": "p.weather.revisions",
        "windows": "p.weather.windows",
    }


def test_every_sink_is_inserted_into_and_every_insert_has_a_sink() -> None:
    made = built()
    sinks = [table.name for table in made.tables if table.name != "observations"]

    assert [insert.split()[2] for insert in made.inserts] != []
    assert sorted(insert.split()[2] for insert in made.inserts) == sorted(sinks)


def test_only_committed_records_are_read() -> None:
    assert options(built())["observations"]["properties.isolation.level"] == "read_committed"


def test_a_bounded_run_ends_where_the_topic_ends_now() -> None:
    assert "scan.bounded.mode" not in options(built())["observations"]
    assert options(built(bounded=True))["observations"]["scan.bounded.mode"] == "latest-offset"


def test_exactly_once_gives_every_sink_its_own_transactions() -> None:
    """Two sinks of one prefix would fence each other."""
    sinks = options(built(job_id="mine", transaction_timeout_ms=200_000))
    sinks.pop("observations")

    assert {name: found["sink.transactional-id-prefix"] for name, found in sinks.items()} == {
        name: f"mine-{name}" for name in sinks
    }
    assert {found["sink.delivery-guarantee"] for found in sinks.values()} == {"exactly-once"}
    assert {found["properties.transaction.timeout.ms"] for found in sinks.values()} == {"200000"}


def test_at_least_once_has_no_transactions() -> None:
    for found in options(built(delivery_guarantee="at-least-once")).values():
        assert [name for name in found if "transaction" in name] == []


def test_security_reaches_every_table() -> None:
    kafka = KafkaSettings(security_protocol="SASL_SSL", sasl_username="u", sasl_password="it's")

    for table in built(kafka).tables:
        assert table.options["properties.security.protocol"] == "SASL_SSL"
        assert """password="it''s";'""" in table.ddl(), "quotes of a password stay inside the SQL literal"


@pytest.mark.parametrize("name", ["revisions", "windows"])
def test_what_is_corrected_is_an_upsert_by_identity(name: str) -> None:
    table = next(table for table in built().tables if table.name == name)
    topic = getattr(TOPICS, name)

    assert table.options["connector"] == "upsert-kafka"
    assert f"PRIMARY KEY ({', '.join(RECORDS[topic.record].identity)}) NOT ENFORCED" in table.columns


@pytest.mark.parametrize("name", ["enriched", "anomalies", "late"])
def test_what_is_said_once_is_appended_under_the_station(name: str) -> None:
    table = next(table for table in built().tables if table.name == name)

    assert (table.options["connector"], table.options["key.fields"]) == ("kafka", "station_id")


@pytest.mark.parametrize("seconds", [0, 30])
def test_a_silent_partition_holds_the_watermark_back_only_if_told_to(seconds: int) -> None:
    found = options(built(idle_timeout_s=seconds))["observations"].get("scan.watermark.idle-timeout")

    assert found == (f"{seconds} s" if seconds else None)


# ---- plans ----


def test_the_stored_plan_is_of_the_query_as_it_is() -> None:
    found = plans.stored(job(JobSettings(), KafkaSettings(), Catalogue()))

    assert found is not None, "the query changed: python -m jobs.process_weather --compile"


def test_where_the_tables_are_is_no_matter_of_the_plan() -> None:
    fingerprint = plans.fingerprint(built())
    kafka = KafkaSettings(bootstrap_servers="b:2", security_protocol="SSL", ssl_ca_location="/ca.pem")
    elsewhere = built(
        kafka,
        Catalogue("p.", "uk-weather"),
        job_id="other",
        parallelism=7,
        delivery_guarantee="at-least-once",
        checkpoint_interval_ms=5000,
        idle_timeout_s=0,
        bounded=True,
    )

    assert plans.fingerprint(elsewhere) == fingerprint


@pytest.mark.parametrize(
    "settings",
    [{"out_of_orderness_s": 601}, {"max_future_s": 60}, {"retention_h": 96}, {"observations_per_hour": 4.0}],
)
def test_a_setting_inside_the_query_makes_another_plan(settings: dict[str, Any]) -> None:
    assert plans.fingerprint(built(**settings)) != plans.fingerprint(built())


SMALL = Job("small", [], [View("v", "SELECT 1")], ["INSERT INTO t SELECT * FROM v"], {"a": "b"})


def test_a_plan_is_found_again_by_its_query_only(tmp_path: Path) -> None:
    plan = {"flinkVersion": "2.2", "nodes": [{"id": 1}, {"id": 2}], "edges": [{"source": 1, "target": 2}]}
    assert plans.stored(SMALL, tmp_path) is None

    file = plans.store(SMALL, json.dumps(plan), tmp_path / "new")

    assert file == tmp_path / "new" / "small.json"
    assert json.loads(plans.stored(SMALL, tmp_path / "new") or "") == plan
    assert file.read_text("utf-8").count("\n") == 4, "a node each line, for diffs"
    for other in (
        replace(SMALL, views=[View("v", "SELECT 2")]),
        replace(SMALL, inserts=[]),
        replace(SMALL, configuration={"a": "c"}),
    ):
        assert plans.stored(other, tmp_path / "new") is None


# ---- configuration ----


def test_settings_reach_flink(tmp_path: Path) -> None:
    (tmp_path / "b.jar").touch()
    (tmp_path / "a.jar").touch()
    settings = JobSettings(job_id="mine", parallelism=3, checkpoint_dir="s3://b/c", connector_jars=tmp_path)
    found = runtime.configuration(SMALL, settings)

    assert found["pipeline.name"] == "mine"
    assert found["parallelism.default"] == "3"
    assert found["table.local-time-zone"] == "UTC"
    assert found["execution.checkpointing.dir"] == "s3://b/c"
    assert found["execution.checkpointing.mode"] == "EXACTLY_ONCE"
    assert found["pipeline.jars"] == f"{(tmp_path / 'a.jar').as_uri()};{(tmp_path / 'b.jar').as_uri()}"
    assert found["a"] == "b", "the job's own planner settings"


def test_what_is_not_set_is_left_to_the_cluster() -> None:
    found = runtime.configuration(SMALL, JobSettings())

    assert {"execution.checkpointing.dir", "pipeline.jars", "restart-strategy.type"}.isdisjoint(found)


def test_a_bounded_run_fails_instead_of_restarting() -> None:
    assert runtime.configuration(SMALL, JobSettings(), bounded=True)["restart-strategy.type"] == "none"


def test_no_name_of_ours_is_a_word_of_sql() -> None:
    """Views and tables are created under plain names: one with another sign would need quotes everywhere."""
    made = built()
    names = [view.name for view in made.views] + [table.name for table in made.tables]

    assert [name for name in names if not re.fullmatch(r"[a-z_]+", name)] == []
    assert len(set(names)) == len(names)
