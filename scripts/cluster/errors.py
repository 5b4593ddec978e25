"""What goes wrong with the test cluster, told as a cause and a fix."""

from __future__ import annotations


class ClusterError(RuntimeError):
    """The cluster, or something it needs, is not there. The text says what to do."""
