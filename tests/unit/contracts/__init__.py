"""Tests of contracts: what every other package relies on."""
