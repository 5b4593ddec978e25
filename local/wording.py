"""Figures in words: durations, rates, wind."""

from __future__ import annotations

MINUTE_S, HOUR_S, DAY_S = 60, 3_600, 86_400

_POINTS = ("N", "NE", "E", "SE", "S", "SW", "W", "NW")


def duration(seconds: float | None) -> str:
    """The two leading places of a time span, as short as a table wants them; a dash when there is none yet."""
    if seconds is None:
        return "–"
    if seconds < MINUTE_S:
        return f"{seconds:.1f} s"
    if seconds < HOUR_S:
        return f"{seconds / MINUTE_S:.0f} min"
    if seconds < 2 * DAY_S:
        return f"{seconds / HOUR_S:.0f} h"
    return f"{seconds / DAY_S:,.0f} d"


def number(value: float | None, unit: str, digits: int = 1) -> str:
    """A missing value is a dash, never 0."""
    return "–" if value is None else f"{value:.{digits}f} {unit}"


def wind(speed_ms: float | None, direction_deg: float | None) -> str:
    if speed_ms is None:
        return "–"
    point = "" if direction_deg is None else f" {_POINTS[round(direction_deg / 45) % 8]}"
    return f"{speed_ms:.1f} m/s{point}"
