"""Tests that need no process of ours and no network: the whole folder runs in under a minute."""
