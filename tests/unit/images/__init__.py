"""Tests of `scripts/images`: what goes into an image, and the engine that builds it."""
