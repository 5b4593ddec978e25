"""Tests on a real broker, a real Flink and a real Postgres, started as child processes on 127.0.0.1."""
