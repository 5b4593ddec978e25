"""Figures, the table they are shown in, and the JSON they are kept in."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True, slots=True)
class Target:
    """What the project promises of a figure."""

    bound: Literal["at least", "below"]
    value: float

    def is_met(self, value: float) -> bool:
        return value >= self.value if self.bound == "at least" else value < self.value

    def __str__(self) -> str:
        return f"{'≥' if self.bound == 'at least' else '<'} {number(self.value)}"


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured value; `raw` is what the plain program reached on the same data in the same run."""

    case: str
    what: str
    value: float
    unit: str
    raw: float | None = None
    raw_is: str = ""
    target: Target | None = None
    note: str = ""

    @property
    def ratio(self) -> float | None:
        """The share of the raw limit; None where there is none, or where it measures something else."""
        return self.value / self.raw if self.raw else None

    @property
    def met(self) -> bool | None:
        return self.target.is_met(self.value) if self.target else None


def number(value: float) -> str:
    """Three digits that count, thousands apart: more would pretend a precision that a single run has not."""
    if value >= 999.5:  # what rounds to a thousand is written as one
        digits = len(str(round(value))) - 3
        return f"{round(round(value) / 10**digits) * 10**digits:,}"
    return f"{value:.3g}"


def table(figures: list[Figure]) -> Table:
    shown = Table(header_style="bold", expand=False)
    for name, justify in (
        ("case", "left"),
        ("measured", "left"),
        ("value", "right"),
        ("raw limit", "right"),
        ("of raw", "right"),
        ("target", "right"),
        ("met", "left"),
    ):
        shown.add_column(name, justify="right" if justify == "right" else "left", no_wrap=name != "measured")
    case = ""
    for figure in figures:
        if case and figure.case != case:
            shown.add_section()
        shown.add_row(
            "" if figure.case == case else figure.case,
            figure.what + (f" [dim]({figure.note})[/dim]" if figure.note else ""),
            f"{number(figure.value)} {figure.unit}",
            f"{number(figure.raw)} [dim]{figure.raw_is}[/dim]" if figure.raw else "",
            f"{figure.ratio:.2f}" if figure.ratio else "",
            str(figure.target or ""),
            {True: "[green]yes[/green]", False: "[red]no[/red]", None: ""}[figure.met],
        )
        case = figure.case
    return shown


def show(figures: list[Figure], console: Console) -> None:
    console.print(table(figures))


def write(path: Path, header: dict[str, str], figures: list[Figure]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = [{**asdict(figure), "ratio": figure.ratio, "met": figure.met} for figure in figures]
    path.write_text(json.dumps({"header": header, "figures": rows}, indent=2) + "\n", "utf-8")
