"""Tests of the charts: what they render, what they refuse. They need helm, and nothing running."""
