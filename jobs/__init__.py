"""Flink jobs: one file per job, which reads like a page of SQL; what several jobs need stands in modules beside them."""
