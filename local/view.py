"""The demo on a terminal: components, stages, each station's newest hour, the latest anomalies."""

from __future__ import annotations

from rich.console import Console, ConsoleOptions, Group, RenderResult
from rich.table import Table
from rich.text import Text

from local.figures import Figures, Stage
from local.pipeline import Pipeline
from local.wording import duration, number, wind

# What the view takes without anomalies: title, 8 components, 4 stages, 3 stations, headings and gaps.
_LINES_WITHOUT_ANOMALIES = 25
_CAUGHT_UP_S = 2.0
_GOOD, _BUSY, _BAD, _QUIET = "green", "yellow", "red", "dim"


class View:
    """Redrawn with each new Figures; as tall as the terminal allows."""

    def __init__(self, pipeline: Pipeline, title: str) -> None:
        self._pipeline = pipeline
        self._title = title
        self.figures: Figures | None = None

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        figures = self.figures
        if figures is None:
            return
        room = max(1, (options.height or console.height) - _LINES_WITHOUT_ANOMALIES)
        yield Group(
            Text(self._title, style="bold", no_wrap=True, overflow="ellipsis"),
            self._components(figures),
            Text(),
            stages(figures),
            Text(),
            stations(figures),
            Text(),
            anomalies(figures, room),
            Text("Ctrl+C stops everything in order", style=_QUIET),
        )

    def _components(self, figures: Figures) -> Table:
        pipeline, ports = self._pipeline, self._pipeline.stack.ports
        notes = {
            pipeline.stack.broker.name: f"127.0.0.1:{ports.broker}",
            pipeline.stack.postgres.name: f"127.0.0.1:{ports.postgres}, {figures.rows_total:,} rows",
            pipeline.stack.flink.jobmanager.name: f"http://127.0.0.1:{ports.flink_rest}",
            pipeline.sink.name: f"http://127.0.0.1:{ports.sink_metrics}/metrics",
            pipeline.replay.name: "finished: its last hour was the present one" if pipeline.replay_is_finished else "",
        }
        table = Table.grid(padding=(0, 2))
        for child in reversed(pipeline.children):
            done = child is pipeline.replay and pipeline.replay_is_finished
            style = _GOOD if child.is_running() or done else _BAD
            table.add_row(Text("●", style=style), child.name, Text(notes.get(child.name, ""), style=_QUIET))
        job = f"{figures.checkpoints} checkpoints" + (
            f", {figures.job_restarts} restarts" if figures.job_restarts else ""
        )
        style = _GOOD if figures.job_state == "RUNNING" else _BUSY
        table.add_row(Text("●", style=style), "Job process_weather", Text(f"{figures.job_state}, {job}", style=_QUIET))
        return table


def stages(figures: Figures) -> Table:
    table = Table(box=None, pad_edge=False, header_style=_QUIET)
    table.add_column("stage")
    for title in ("records", "per second", "lag", "freshness"):
        table.add_column(title, justify="right", min_width=10)
    for stage in figures.stages:
        table.add_row(
            stage.name, f"{stage.records:,}", f"{stage.per_second:,.0f}", _lag(stage), duration(stage.freshness_s)
        )
    return table


def _lag(stage: Stage) -> Text:
    if stage.lag_s is None:
        return Text("")
    return Text(duration(stage.lag_s), style=_GOOD if stage.lag_s < _CAUGHT_UP_S else _BUSY)


def stations(figures: Figures) -> Table:
    table = Table(box=None, pad_edge=False, header_style=_QUIET)
    for title in ("station", "newest hour (UTC)"):
        table.add_column(title)
    for title in ("temperature", "wind", "rain"):
        table.add_column(title, justify="right", min_width=10)
    for hour in figures.stations:
        table.add_row(
            hour.station_id,
            f"{hour.window_start:%Y-%m-%d %H:%M}",
            number(hour.temperature_mean_c, "°C"),
            wind(hour.wind_vector_speed_ms, hour.wind_vector_direction_deg),
            number(hour.precipitation_total_mm, "mm"),
        )
    if not figures.stations:
        table.add_row("none yet")
    return table


def anomalies(figures: Figures, room: int) -> Table:
    heading = f"anomalies: {figures.anomalies_found:,} found"
    if figures.dead_letters or figures.late:
        heading += f"   refused: {figures.dead_letters:,}   late: {figures.late:,}"
    table = Table(box=None, pad_edge=False, title=heading, title_justify="left", title_style=_QUIET, show_header=False)
    for anomaly in figures.anomalies[:room]:
        table.add_row(
            anomaly.station_id,
            f"{anomaly.observed_at:%Y-%m-%d %H:%M}",
            Text(anomaly.severity, style=_BAD if anomaly.severity == "severe" else _BUSY),
            f"{anomaly.variable} {anomaly.value:.1f}",
            Text(f"expected {anomaly.expected_low:.1f} to {anomaly.expected_high:.1f}", style=_QUIET),
        )
    return table
