"""Out: one runner that owns offsets, fencing, retries and dead letters, and one small file per target."""
