"""Tests of jobs without Flink: what the SQL says, run where it can be run."""
