"""What a poller remembers across restarts, kept in a compacted topic: one entry per station, host and place.

A station's entry holds, for the last 72 h, a hash and the revision of each observation published. An observation whose
hash is known is not published again; one whose content changed is published with the next revision.

Entries are written in one Kafka transaction with the observations they speak of (`ledger.TransactionalLedger`).
Writing them one after the other would leave a gap: after a crash between the two, a station's *changed* answer would go
out under the revision that its unseen predecessor already carries, and downstream could not tell which of the two is
newer. In one transaction a crash leaves both or neither; the next start repeats the step with the same revisions.
Readers of committed records never see the aborted half; a reader of uncommitted ones may see a record twice, under the
same revision, with the content of the moment.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import blake2b

import msgspec

from contracts import wire
from contracts.types import WeatherObservation
from producer.budget import Spent
from producer.places import Place

MEMORY = timedelta(hours=72)
"""Longer than the longest history a provider answers with (48 h); a station's entry stays at a few kilobytes."""

HASH_BYTES = 8  # compared only with the last content of the same hour of the same station
NOT_CONTENT = frozenset({"ingested_at", "revision"})

Known = tuple[str, int]
"""Hash and revision."""

Seen = dict[datetime, Known]


@dataclass(frozen=True, slots=True)
class Plan:
    """What an answer changes: records to publish, entries to write with them, and what is left out."""

    records: list[WeatherObservation]
    entries: dict[str, bytes]
    unchanged: int
    too_old: int


def content_hash(record: WeatherObservation) -> str:
    """A hash of what was observed. Nulls are left out, so that a field added to the contract changes no hash."""
    content = {
        name: value
        for name, value in msgspec.structs.asdict(record).items()
        if value is not None and name not in NOT_CONTENT
    }
    return blake2b(msgspec.json.encode(content, order="deterministic"), digest_size=HASH_BYTES).hexdigest()


class PollerState:
    """The memory of one source. `plan` reads, `load` is the only way in: from the topic and after a commit alike."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._seen: dict[str, Seen] = {}
        self._spent: dict[str, Spent] = {}
        self._locations: dict[str, str] = {}

    def plan(self, observations: Iterable[WeatherObservation]) -> Plan:
        """Sorts an answer's observations into new, changed, known and older than the memory."""
        records: list[WeatherObservation] = []
        entries: dict[str, bytes] = {}
        unchanged, too_old = 0, 0
        touched: dict[str, Seen] = {}
        for record in sorted(observations, key=lambda record: record.observed_at):
            before = self._seen.get(record.station_id, {})
            seen = touched.get(record.station_id, before)
            known = seen.get(record.observed_at)
            if known is None and before and record.observed_at < max(before) - MEMORY:
                too_old += 1
                continue
            digest = content_hash(record)
            if known and known[0] == digest:
                unchanged += 1
                continue
            revision = known[1] + 1 if known else 0
            records.append(msgspec.structs.replace(record, revision=revision))
            touched[record.station_id] = {**seen, record.observed_at: (digest, revision)}
        for station_id, seen in touched.items():
            oldest = max(seen) - MEMORY
            kept = {wire.utc(moment): known for moment, known in sorted(seen.items()) if moment >= oldest}
            entries[self._key("station", station_id)] = msgspec.json.encode(kept)
        return Plan(records, entries, unchanged, too_old)

    def spent(self, host: str) -> Spent:
        """What the host has had from us."""
        return self._spent.get(host, Spent())

    def spent_entry(self, host: str, spent: Spent) -> dict[str, bytes | None]:
        """The entry that says so."""
        return {self._key("host", host): msgspec.json.encode(spent)}

    def location(self, place: Place) -> str | None:
        """The provider's name of a place, if it was looked up before."""
        return self._locations.get(_point(place))

    def location_entry(self, place: Place, location: str | None) -> dict[str, bytes | None]:
        """The entry that remembers it; None forgets it."""
        return {self._key("place", _point(place)): None if location is None else location.encode()}

    def load(self, entries: Mapping[str, bytes | None]) -> None:
        """Takes entries in; those of other sources are passed over, a value of None removes one."""
        for key, value in entries.items():
            source, _, rest = key.partition("/")
            kind, _, name = rest.partition("/")
            if source != self._source:
                continue
            if kind == "station":
                self._seen[name] = msgspec.json.decode(value or b"{}", type=Seen)
            elif kind == "host":
                self._spent[name] = msgspec.json.decode(value or b"{}", type=Spent)
            elif kind == "place" and value is not None:
                self._locations[name] = value.decode()
            elif kind == "place":
                self._locations.pop(name, None)

    def _key(self, kind: str, name: str) -> str:
        return f"{self._source}/{kind}/{name}"


def _point(place: Place) -> str:
    # By coordinates, not by name: a place that is renamed keeps its station, one that is moved does not.
    return f"{place.lat},{place.lon}"
