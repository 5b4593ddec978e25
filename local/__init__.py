"""The embedded stack: broker, Flink and Postgres as child processes of one supervisor on 127.0.0.1.

`make demo`, `python -m local up` and the integration tests run the same code from here, so that what a laptop shows
is what the tests proved.
"""
