"""One file per stretch of the pipeline; each has `NAME` and `run(bench) -> list[Figure]`."""
