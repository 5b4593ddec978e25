"""No setting of the machine that runs the tests reaches them."""

import os

import pytest


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("ISOBAR_")]:
        monkeypatch.delenv(name)
