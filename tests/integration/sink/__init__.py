"""Sinks against the real broker and the real Postgres."""
