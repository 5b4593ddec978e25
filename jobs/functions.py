"""The Java functions that the jobs' SQL calls (`jobs/java`): what SQL says badly and Python would do slowly.

`read_json` reads bytes strictly, once; `json_time` finds a time for the watermark; `series_history` keeps what a series
of readings has to be compared with, and `series_windows` its windows. docs/decisions/0009 says why these, and what the
job cost without them.
"""

CLASSES = {
    "read_json": "isobar.functions.ReadJson",
    "json_time": "isobar.functions.JsonTime",
    "series_history": "isobar.functions.SeriesHistory",
    "series_windows": "isobar.functions.SeriesWindows",
}


def declarations() -> list[str]:
    """CREATE FUNCTION for each; a compiled plan finds them by name."""
    return [f"CREATE TEMPORARY SYSTEM FUNCTION {name} AS '{java}'" for name, java in CLASSES.items()]
