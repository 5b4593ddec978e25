"""Flink jobs: one file per job, which reads like a page; what a job needs in detail stands in modules beside it."""
