"""Tests of scripts/ that need neither helm nor a cluster."""
