"""Every test of this folder needs helm; without it one sentence says how to get it."""

import pytest

from tests.charts.rendering import helm


@pytest.fixture(scope="session", autouse=True)
def _helm() -> None:
    if helm() is None:
        pytest.skip("helm is not on PATH and ISOBAR_HELM does not name one: https://helm.sh/docs/intro/install/")
