"""Developer and operator scripts."""
