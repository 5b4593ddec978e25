"""Every test of this folder needs helm; without it one sentence says how to get it."""

import pytest

from scripts.helm import MISSING, helm


@pytest.fixture(scope="session", autouse=True)
def _helm() -> None:
    if helm() is None:
        pytest.skip(MISSING)
