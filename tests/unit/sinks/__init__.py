"""Tests of sinks/ without Kafka or a database."""
