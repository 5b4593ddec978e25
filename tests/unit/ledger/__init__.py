"""Tests of tests/ledger."""
