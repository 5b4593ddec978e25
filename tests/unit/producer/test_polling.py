"""The polling loop against a scripted provider, with a clock that only waiting moves."""

import json
import random
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from prometheus_client import REGISTRY

from contracts.types import WeatherObservation
from producer import polling
from producer.errors import FencedError, OutageError, ProviderError
from producer.http import Request, Response
from producer.places import Place
from producer.polling import Poller
from producer.providers.metoffice import MetOffice
from producer.providers.openweather import OpenWeather
from producer.state import PollerState
from tests.fixtures import answers
from tests.fixtures.observations import NINE

BASE = "https://provider.example"
LONDON, WICK = Place("london", 51.51, -0.13), Place("wick", 58.45, -3.09)
OK = Response(200, {}, json.dumps(answers.METOFFICE_ROWS).encode())
NEAREST = Response(200, {}, json.dumps(answers.METOFFICE_NEAREST).encode())
QUOTA = Response(429, {}, b"")
OUTAGE = Response(503, {}, b"down")


class World:
    """Clock, network and ledger of one test. Waiting moves the clock; the run stops when its time is over."""

    def __init__(
        self, script: Mapping[str, Sequence[Response | Exception]], lasts: timedelta = timedelta(hours=6)
    ) -> None:
        self.now, self._end = NINE + timedelta(hours=2), NINE + timedelta(hours=2) + lasts
        self._script = {path: list(responses) for path, responses in script.items()}
        self.asked: list[tuple[datetime, str]] = []
        self.conditions: list[dict[str, str]] = []
        self.records: list[WeatherObservation] = []
        self.commits: list[list[str]] = []
        self.entries: dict[str, bytes | None] = {}

    # the clock and what the loop waits on
    def clock(self) -> datetime:
        return self.now

    def wait(self, seconds: float) -> bool:
        self.now += timedelta(seconds=seconds)
        return bool(self)

    def __bool__(self) -> bool:
        return self.now >= self._end

    # the network
    def send(self, request: Request, conditions: Mapping[str, str]) -> Response:
        path = request.url.removeprefix(BASE)
        self.asked.append((self.now, path))
        self.conditions.append(dict(conditions))
        responses = self._script[path]
        response = responses.pop(0) if len(responses) > 1 else responses[0]
        if isinstance(response, Exception):
            raise response
        return response

    # the ledger
    def commit(self, records: Sequence[WeatherObservation], entries: Mapping[str, bytes | None]) -> None:
        self.records += records
        self.commits.append([*(f"record {record.observed_at:%H}" for record in records), *entries])
        self.entries.update(entries)

    def close(self) -> None:
        raise AssertionError("the loop does not own the ledger")

    def waits_s(self, path: str) -> list[float]:
        times = [moment for moment, asked in self.asked if asked == path]
        return [(after - before).total_seconds() for before, after in pairwise(times)]


NEAREST_PATH, STATION_PATH = "/observation-land/1/nearest", "/observation-land/1/gcpsvg"


def poller(world: World, *, once: bool = False, interval_s: float = 3600, state: PollerState | None = None) -> Poller:
    return Poller(
        MetOffice(BASE),
        world,
        world,
        state or PollerState("metoffice"),
        interval_s=interval_s,
        once=once,
        clock=world.clock,
        rng=random.Random(7),
    )


def land(*responses: Response | Exception, lasts: timedelta = timedelta(hours=6)) -> World:
    return World({NEAREST_PATH: [NEAREST], STATION_PATH: responses}, lasts)


def count(outcome: str, host: str = "provider.example", source: str = "metoffice") -> float:
    labels = {"source": source, "host": host, "outcome": outcome}
    return REGISTRY.get_sample_value("isobar_producer_provider_requests_total", labels) or 0.0


def test_a_place_is_looked_up_once_and_asked_for_every_interval_plus_jitter() -> None:
    world = land(OK)
    poller(world).run([LONDON], world)
    assert [path for _, path in world.asked] == [NEAREST_PATH, *[STATION_PATH] * 6]
    waits = world.waits_s(STATION_PATH)
    assert all(3600 <= wait <= 3600 * 1.1 + 1 for wait in waits)
    assert len(set(waits)) > 1, "jitter"


def test_the_spent_request_is_kept_before_it_is_made_and_records_with_their_memory() -> None:
    world = land(OK)
    poller(world, once=True).run([LONDON], world)
    host = "metoffice/host/provider.example"
    assert world.commits == [
        [host],
        ["metoffice/place/51.51,-0.13"],
        [host],
        ["record 09", "record 10", "metoffice/station/gcpsvg"],
    ]


def test_a_restart_asks_no_lookup_and_publishes_nothing_again() -> None:
    first = land(OK)
    poller(first, once=True).run([LONDON], first)
    state, second = PollerState("metoffice"), land(OK)
    state.load(first.entries)
    poller(second, once=True, state=state).run([LONDON], second)
    assert [path for _, path in second.asked] == [STATION_PATH]
    assert second.records == []
    assert state.spent("provider.example").today == 3


def test_an_outage_is_asked_again_later_each_time_and_then_forgotten() -> None:
    world = land(*[OUTAGE] * 5, OK, OUTAGE, OK, lasts=timedelta(hours=3))
    poller(world).run([LONDON], world)
    waits = world.waits_s(STATION_PATH)
    for wait, longest in zip(waits, (5, 10, 20, 40, 80), strict=False):
        assert longest / 2 <= wait <= longest + polling.TICK_S
    assert waits[5] >= 3600, "a success brings the usual interval back"
    assert waits[6] <= 5 + polling.TICK_S, "and the backoff starts anew"


def test_backoff_is_capped() -> None:
    world = land(OUTAGE, lasts=timedelta(hours=24))
    poller(world).run([LONDON], world)
    assert max(world.waits_s(STATION_PATH)) <= polling.BACKOFF_CAP_S + polling.TICK_S


def test_retry_after_of_an_outage_is_obeyed() -> None:
    world = land(Response(503, {"retry-after": "1200"}, b""), OK, lasts=timedelta(minutes=30))
    poller(world).run([LONDON], world)
    assert world.waits_s(STATION_PATH)[0] >= 1200


def test_a_quota_answer_leaves_the_whole_host_alone_and_is_counted_apart_from_an_outage() -> None:
    quota, outage = count("quota"), count("outage")
    world = World({NEAREST_PATH: [NEAREST], STATION_PATH: [OK, QUOTA, OK]}, timedelta(hours=3))
    poller(world).run([LONDON], world)
    assert (count("quota") - quota, count("outage") - outage) == (1, 0)
    assert world.waits_s(STATION_PATH)[1] >= MetOffice.quota_wait_s


def test_a_quota_answer_for_one_place_holds_the_others_back_and_outlives_a_restart() -> None:
    other = [{"geohash": "gfmzqe"}]
    world = World({NEAREST_PATH: [NEAREST, Response(200, {}, json.dumps(other).encode())], STATION_PATH: [QUOTA]})
    state = PollerState("metoffice")
    poller(world, once=True, state=state).run([LONDON], world)
    asked = len(world.asked)
    restarted = PollerState("metoffice")
    restarted.load(world.entries)
    again = poller(world, once=True, state=restarted)
    again.run([LONDON, WICK], world)
    assert len(world.asked) == asked, "no request while the host is left alone"
    assert set(again.failures) == {"london", "wick"}
    assert again.failures["wick"] == "provider.example is left alone until 12:00:00Z"


def test_quota_answers_in_a_row_double_the_wait_up_to_a_cap() -> None:
    current = Response(200, {}, json.dumps(answers.OPENWEATHER_CURRENT).encode())
    world = World({"/data/2.5/weather": [QUOTA] * 9 + [current]}, timedelta(hours=12))
    openweather = Poller(
        OpenWeather(BASE),
        world,
        world,
        PollerState("openweather"),
        interval_s=1,
        clock=world.clock,
        rng=random.Random(7),
    )
    openweather.run([LONDON], world)
    waits = world.waits_s("/data/2.5/weather")
    for wait, least in zip(waits, (60, 120, 240, 480, 960, 1920, 3600, 3600), strict=False):
        assert least <= wait <= least + 4


def test_a_longer_retry_after_of_a_quota_answer_is_obeyed_and_a_shorter_one_is_not() -> None:
    for header, least in (("1800", 1800), ("5", 60)):
        world = World({"/data/2.5/weather": [Response(429, {"retry-after": header}, b""), OUTAGE]}, timedelta(hours=1))
        Poller(OpenWeather(BASE), world, world, PollerState("openweather"), interval_s=1, clock=world.clock).run(
            [LONDON], world
        )
        assert least <= world.waits_s("/data/2.5/weather")[0] <= least + 4


def test_a_refused_key_is_not_tried_for_every_place() -> None:
    world = World({NEAREST_PATH: [Response(401, {}, answers.METOFFICE_BAD_KEY)]}, timedelta(minutes=10))
    poller(world).run([LONDON, WICK], world)
    assert len(world.asked) == 1


def test_the_days_budget_is_kept_across_places_and_frees_at_midnight() -> None:
    rows = [Response(200, {}, json.dumps([]).encode())]
    world = World({NEAREST_PATH: [NEAREST], STATION_PATH: rows}, timedelta(hours=14))
    poller(world, interval_s=60).run([LONDON], world)
    today = [moment for moment, _ in world.asked if moment.date() == NINE.date()]
    tomorrow = [moment for moment, _ in world.asked if moment.date() > NINE.date()]
    assert len(today) == MetOffice.limit.per_day
    assert tomorrow
    assert tomorrow[0] >= datetime(2026, 11, 21, tzinfo=NINE.tzinfo)


def test_questions_are_conditional_only_after_an_answer_was_published() -> None:
    tagged = Response(200, {"etag": '"a1"', "last-modified": "Fri, 20 Nov 2026 10:00:00 GMT"}, OK.body)
    unreadable = Response(200, {"etag": '"bad"'}, b"<html>")
    world = land(unreadable, tagged, Response(304, {}, b""), tagged)
    fresh, modified = count("not_modified"), count("ok")
    poller(world).run([LONDON], world)
    given = {"If-None-Match": '"a1"', "If-Modified-Since": "Fri, 20 Nov 2026 10:00:00 GMT"}
    assert world.conditions[:5] == [{}, {}, {}, given, given]
    assert count("not_modified") - fresh == 1
    assert count("ok") - modified == len(world.asked) - 1
    assert len(world.records) == 2


def test_two_places_of_one_station_are_asked_for_once(caplog: pytest.LogCaptureFixture) -> None:
    world = land(OK)
    poller(world, once=True).run([LONDON, Place("city", 51.52, -0.09)], world)
    assert [path for _, path in world.asked].count(STATION_PATH) == 1
    assert "city: the same station as 'london' (gcpsvg); asked for once" in caplog.text


def test_a_refused_station_is_looked_up_again() -> None:
    renamed = Response(200, {}, json.dumps([{"geohash": "gcpuuz"}]).encode())
    refused = Response(404, {}, answers.METOFFICE_NOT_FOUND)
    world = World(
        {NEAREST_PATH: [NEAREST, renamed], STATION_PATH: [refused], "/observation-land/1/gcpuuz": [OK]},
        timedelta(hours=2),
    )
    poller(world).run([LONDON], world)
    assert [path for _, path in world.asked][:4] == [
        NEAREST_PATH,
        STATION_PATH,
        NEAREST_PATH,
        "/observation-land/1/gcpuuz",
    ]


def test_a_row_of_the_future_is_refused_and_does_not_poison_the_memory(caplog: pytest.LogCaptureFixture) -> None:
    rows = [*answers.METOFFICE_ROWS, answers.METOFFICE_ROWS[0] | {"datetime": "2062-11-20T10:00:00Z"}]
    world = land(Response(200, {}, json.dumps(rows).encode()))
    poller(world).run([LONDON], world)
    assert [record.observed_at.year for record in world.records] == [2026, 2026]
    sentence = "refused a row: metoffice gcpsvg: expected a time that has come, found 2062-11-20 10:00:00+00:00"
    assert caplog.text.count(sentence) == 1, "said once, though each answer repeats it"


@pytest.mark.parametrize(
    ("response", "asked", "failure"),
    [
        (OUTAGE, polling.ONCE_ATTEMPTS, "metoffice answered 503: down"),
        (OutageError("GET x got no answer"), polling.ONCE_ATTEMPTS, "GET x got no answer"),
        (QUOTA, 1, "metoffice answered 429: an empty body"),
        (Response(400, {}, b"bad"), 1, "metoffice answered 400: bad"),
        (Response(200, {}, b"<html>"), 1, "metoffice: expected a JSON body, found '<html>'"),
    ],
)
def test_once_ends_and_names_what_failed(response: Response | ProviderError, asked: int, failure: str) -> None:
    world = land(response)
    once = poller(world, once=True)
    once.run([LONDON], world)
    assert [path for _, path in world.asked].count(STATION_PATH) == asked
    assert once.failures["london"].startswith(failure)


def test_once_waits_for_the_next_minute_but_not_for_the_next_day() -> None:
    current = Response(200, {}, json.dumps(answers.OPENWEATHER_CURRENT).encode())
    world = World({"/data/2.5/weather": [current]})
    places = [Place(f"p{n}", n / 10, 0.0) for n in range(70)]
    once = Poller(
        OpenWeather(BASE), world, world, PollerState("openweather"), interval_s=600, once=True, clock=world.clock
    )
    once.run(places, world)
    assert (len(world.asked), once.failures) == (70, {})
    assert timedelta(seconds=60) < world.asked[-1][0] - world.asked[0][0] < timedelta(seconds=70)


def test_one_place_in_trouble_holds_no_other_up() -> None:
    wick = Response(200, {}, json.dumps([{"geohash": "gfmzqe"}]).encode())
    world = World(
        {NEAREST_PATH: [NEAREST, wick, wick], STATION_PATH: [OUTAGE], "/observation-land/1/gfmzqe": [OK]},
        timedelta(hours=4),
    )
    both = poller(world)
    both.run([LONDON, WICK], world)
    assert sum(path.endswith("gfmzqe") or path == STATION_PATH for _, path in world.asked) > 8
    answered = [path for _, path in world.asked if path in {"/observation-land/1/gfmzqe", STATION_PATH}]
    assert len(set(answered)) == 2
    assert list(both.failures) in (["london"], ["wick"])


def test_a_lost_lease_ends_the_loop_before_the_next_request() -> None:
    world = land(OK)

    def lost() -> None:
        raise FencedError("gone")

    with pytest.raises(FencedError):
        poller(world).run([LONDON], world, lost)
    assert world.asked == []
