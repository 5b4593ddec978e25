"""Writes `docs/records.md`: the records field by field, and the topics they travel on."""

from collections.abc import Iterable
from pathlib import Path

from contracts.flink import sql_type
from contracts.postgres import column_type
from contracts.schema import Record
from contracts.topics import Catalogue, Topic

TARGET = Path(__file__).parent.parent / "docs" / "records.md"


def _table(header: str, rows: Iterable[Iterable[str]]) -> str:
    names = [name.strip() for name in header.split("|")]
    lines = ["| " + " | ".join(names) + " |", "|" + "---|" * len(names)]
    lines += ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows]
    return "\n".join(lines)


def _record(record: Record) -> str:
    rows = [
        (
            f"`{f.name}`",
            sql_type(f),
            column_type(f).split(" CHECK")[0],
            f.unit,
            f.doc + (f" ({', '.join(f.symbols)})" if f.symbols else ""),
        )
        for f in record.fields
    ]
    identity = ", ".join(f"`{name}`" for name in record.identity)
    table = _table("field | Flink | Postgres | unit | meaning", rows)
    return f"## {record.type_name}\n\n{record.doc}\nIdentity: {identity}.\n\n{table}\n"


def _topic(topic: Topic) -> tuple[str, ...]:
    retention = "forever" if topic.retention_ms < 0 else f"{topic.retention_ms // 86_400_000} days"
    kept = "compacted" if topic.cleanup_policy == "compact" else retention
    return (
        f"`{topic.name}`",
        ", ".join(topic.key) or "as the source",
        topic.record or "",
        str(topic.partitions),
        kept,
        topic.doc,
    )


def page(records: Iterable[Record]) -> str:
    """The whole page."""
    intro = (
        "# Records and topics\n\n"
        "Generated from `contracts/` by `make generate`; "
        "edit `contracts/schemas/*.avsc` or `contracts/topics.py` instead.\n"
        "The JSON form has the fields below in this order, nulls written out, times in UTC (`2026-11-20T09:00:00Z`).\n"
    )
    topics = _table("topic | key | record | partitions | kept | what", (_topic(t) for t in Catalogue().all()))
    return intro + "\n## Topics\n\n" + topics + "\n\n" + "\n".join(_record(record) for record in records)
