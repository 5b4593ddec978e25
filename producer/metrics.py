"""What the producer counts, for Prometheus. Names and labels are listed here and nowhere else."""

from prometheus_client import Counter, Gauge

RECORDS = Counter("isobar_producer_records", "Observations handed to Kafka", ["source"])
BYTES = Counter("isobar_producer_bytes", "Bytes of observations handed to Kafka, keys and headers left out", ["source"])
UNCHANGED = Counter("isobar_producer_unchanged", "Observations not published: their content is known", ["source"])
REVISIONS = Counter("isobar_producer_revisions", "Observations published with a revision above 0", ["source"])
ROWS_REFUSED = Counter("isobar_producer_rows_refused", "Rows of answers that cannot be an observation", ["source"])
ERRORS = Counter(
    "isobar_producer_errors", "Errors that ended a command or lost a delivery, by kind", ["source", "kind"]
)
REQUESTS = Counter(
    "isobar_producer_provider_requests",
    "Requests to providers by outcome: ok, not_modified, quota, outage, key_refused, refused, unreadable, budget",
    ["source", "host", "outcome"],
)
QUOTA_LEFT = Gauge("isobar_producer_quota_left", "Requests our budget still allows in this window", ["host", "window"])
LAST_SUCCESS = Gauge(
    "isobar_producer_last_success_timestamp_seconds", "When a provider last answered with data", ["source"]
)
