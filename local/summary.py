"""What a demo came to: rows by table, stages, and where the time of its start went."""

from __future__ import annotations

from collections.abc import Mapping

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from local.figures import Figures
from local.view import stages, stations
from local.wording import duration


def summary(
    figures: Figures, steps_s: Mapping[str, float], first_row_s: float | None, duration_s: float | None
) -> RenderableType:
    """Printed once, at the end."""
    rows = Table(box=None, pad_edge=False, header_style="dim")
    rows.add_column("table in Postgres")
    rows.add_column("rows", justify="right", min_width=10)
    for table, count in figures.rows.items():
        rows.add_row(table, f"{count:,}")
    start = ", ".join(f"{step} {seconds:.1f} s" for step, seconds in sorted(steps_s.items(), key=lambda item: item[1]))
    ran = f"after {duration(figures.at_s)}" + ("" if duration_s is None else f" of {duration(duration_s)}")
    return Group(
        Text(f"summary {ran}", style="bold"),
        rows,
        Text(),
        stages(figures),
        Text(),
        stations(figures),
        Text(),
        Text(f"refused {figures.dead_letters:,}, late {figures.late:,}, anomalies {figures.anomalies_found:,}"),
        Text(f"checkpoints {figures.checkpoints:,}, job restarts {figures.job_restarts:,}"),
        Text(f"start: {start}"),
        Text("no row reached Postgres" if first_row_s is None else f"first row after {first_row_s:.1f} s"),
    )
