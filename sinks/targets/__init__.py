"""One small file per target; `sinks/target.py` says what it must do."""
