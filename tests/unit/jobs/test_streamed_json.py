"""The format in which the job writes, against what every consumer of ours reads."""

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.flink import json_fields
from contracts.schema import RECORDS
from contracts.types import WeatherObservation
from contracts.wire import decode, encode
from tests.unit.jobs.harness import Functions
from tests.unit.jobs.readings import FIELDS
from tests.unit.jobs.test_read_json import allowed

SCHEMA = json_fields(RECORDS["weather_observation"])


@settings(max_examples=100)
@given(st.fixed_dictionaries({field.name: allowed(field) for field in FIELDS}))
def test_what_is_written_is_what_was_read(java: Functions, content: dict[str, Any]) -> None:
    record = WeatherObservation(**content)

    (written,) = java.streamed_json(SCHEMA, [encode(record)])

    assert decode(WeatherObservation, written) == record
    assert list(json.loads(written)) == [field.name for field in FIELDS]


def test_the_text_is_that_of_a_producer(java: Functions) -> None:
    text = (
        '{"source":"s","station_id":"\\"quoted\\" \\\\ é","observed_at":"2026-11-20T09:00:00Z",'
        '"ingested_at":"1970-01-01T00:00:00.007Z","revision":3,"lat":null,"lon":-0.13}'
    ).encode()

    schema = (
        "source STRING, station_id STRING, observed_at TIMESTAMP, ingested_at TIMESTAMP,"
        " revision INT, lat DOUBLE, lon DOUBLE"
    )
    assert java.streamed_json(schema, [text]) == [text]
