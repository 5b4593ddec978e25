"""The topic catalogue: every topic's name, key, record, partitions, retention, and where refused and late records go.

Names are made in one place from two settings: a `prefix` that sets a whole family apart (an unshifted replay of 2013
must not share topics with the present, whose timestamps would make all of 2013 late) and the name of the observations
topic (`uk-weather` in older installations).
"""

from dataclasses import dataclass, field

DAY_MS = 86_400_000
DEAD_LETTER_SUFFIX = ".dlq"
LATE_SUFFIX = ".late"


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic. `key` names the fields of the message key: one field as bare text, several as a JSON object."""

    name: str
    doc: str
    record: str | None = None
    key: tuple[str, ...] = ()
    partitions: int = 4
    cleanup_policy: str = "delete"
    retention_ms: int = 7 * DAY_MS
    dead_letters: str | None = None
    late: str | None = None

    def config(self) -> dict[str, str]:
        """The topic's configuration as Kafka names it."""
        config = {"cleanup.policy": self.cleanup_policy}
        if self.cleanup_policy == "delete":
            config["retention.ms"] = str(self.retention_ms)
        return config


@dataclass(frozen=True)
class Catalogue:
    """All topics under one prefix.

    Replays carry event times up to a year old, and a topic's time retention counts the record's own timestamp: our
    producers leave that to the broker (append time), so retention counts from arrival.
    """

    prefix: str = ""
    observations_name: str = "weather.observations"
    observations: Topic = field(init=False)
    enriched: Topic = field(init=False)
    windows: Topic = field(init=False)
    anomalies: Topic = field(init=False)
    revisions: Topic = field(init=False)
    poller_state: Topic = field(init=False)

    def __post_init__(self) -> None:
        observations = self.prefix + self.observations_name
        station = ("station_id",)
        made = {
            "observations": Topic(
                observations,
                "what providers and replays publish",
                "weather_observation",
                station,
                dead_letters=observations + DEAD_LETTER_SUFFIX,
                late=observations + LATE_SUFFIX,
            ),
            "enriched": self._derived(
                "enriched", "first accepted arrivals with derived quantities and flags", "weather_enriched", station
            ),
            "windows": self._derived(
                "windows",
                "window results; a correction is a higher revision",
                "weather_window",
                ("window_kind", "source", "station_id", "window_start"),
                cleanup_policy="compact",
            ),
            "anomalies": self._derived(
                "anomalies", "values far from the station's recent past", "weather_anomaly", station
            ),
            "revisions": self._derived(
                "revisions",
                "accepted observations whose content changed; the highest revision is the truth",
                "weather_observation",
                ("source", "station_id", "observed_at"),
                cleanup_policy="compact",
            ),
            "poller_state": Topic(
                self.prefix + "producer.state",
                "what the poller has published and the quota it has used",
                key=("entry",),
                partitions=1,  # read to its end at every start; one partition keeps one order
                cleanup_policy="compact",
            ),
        }
        for name, topic in made.items():
            object.__setattr__(self, name, topic)

    def _derived(self, name: str, doc: str, record: str, key: tuple[str, ...], cleanup_policy: str = "delete") -> Topic:
        full = f"{self.prefix}weather.{name}"
        return Topic(full, doc, record, key, cleanup_policy=cleanup_policy, dead_letters=full + DEAD_LETTER_SUFFIX)

    def dead_letters(self, topic: Topic) -> Topic:
        """Where what is refused from a topic goes."""
        assert topic.dead_letters is not None
        doc = f"refused from {topic.name}: original bytes, reason in headers"
        return Topic(topic.dead_letters, doc, retention_ms=30 * DAY_MS)

    def late(self, topic: Topic) -> Topic:
        """Where what came after its window had closed is kept."""
        assert topic.late is not None
        doc = f"came to {topic.name} after its window had closed"
        return Topic(topic.late, doc, topic.record, topic.key, retention_ms=30 * DAY_MS)

    def all(self) -> list[Topic]:
        """Every topic, dead-letter and late topics included, each once."""
        own = (self.observations, self.enriched, self.windows, self.anomalies, self.revisions, self.poller_state)
        topics: list[Topic] = []
        for topic in own:
            topics.append(topic)
            if topic.dead_letters:
                topics.append(self.dead_letters(topic))
            if topic.late:
                topics.append(self.late(topic))
        return topics
