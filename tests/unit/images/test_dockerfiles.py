"""The Dockerfiles, their list in `scripts/images/catalogue.py` and docs/images.md say the same."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from scripts.images.catalogue import DEFAULT_BASE, IMAGES, PYTHON, Image

ROOT = Path(__file__).parents[3]
FOLDERS = ROOT / "images"
PAGE = (ROOT / "docs" / "images.md").read_text("utf-8")

each_image = pytest.mark.parametrize("image", IMAGES, ids=lambda image: image.name)


def _dockerfile(image: Image) -> str:
    return (FOLDERS / image.name / "Dockerfile").read_text("utf-8")


def _final_stage(image: Image) -> str:
    return _dockerfile(image).rpartition("\nFROM ")[2]


def test_every_folder_is_an_image_and_every_image_a_folder() -> None:
    assert sorted(path.parent.name for path in FOLDERS.glob("*/Dockerfile")) == sorted(each.name for each in IMAGES)


@each_image
def test_both_stages_take_the_base(image: Image) -> None:
    text = _dockerfile(image)

    assert f"\nARG BASE={DEFAULT_BASE}\n" in text
    assert re.findall(r"^FROM (.*)$", text, re.MULTILINE) == ["${BASE} AS build", "${BASE}"]


@each_image
def test_the_user_is_the_one_of_the_list(image: Image) -> None:
    assert re.findall(r"^USER (.*)$", _dockerfile(image), re.MULTILINE) == [f"{image.uid}:{image.uid}"]


@each_image
def test_a_jre_is_installed_where_one_is_needed_and_in_one_way(image: Image) -> None:
    steps = re.findall(r"^RUN command -v java .*?[^\\]$", _final_stage(image), re.MULTILINE | re.DOTALL)
    expected = re.findall(r"^RUN command -v java .*?[^\\]$", _final_stage(IMAGES[0]), re.MULTILINE | re.DOTALL)

    assert len(expected) == 1
    assert steps == (expected if image.java else [])


@each_image
def test_one_python_is_meant_throughout(image: Image) -> None:
    assert set(re.findall(r"python(\d\.\d+)", _dockerfile(image))) <= {PYTHON}


@each_image
def test_a_build_downloads_nothing_but_a_jre(image: Image) -> None:
    """Everything else is in the context, checked by its hash."""
    text = re.sub(r"^RUN command -v java .*?[^\\]$", "", _dockerfile(image), flags=re.MULTILINE | re.DOTALL)

    assert re.findall(r"https?://|apt-get|pip install|curl|wget|mvn", text) == []


@pytest.mark.parametrize("image", [each for each in IMAGES if not each.packages], ids=lambda image: image.name)
def test_the_page_names_every_variable_that_the_image_reads(image: Image) -> None:
    """What runs programs of ours reads the variables of their settings classes."""
    folder = FOLDERS / image.name
    text = "\n".join(path.read_text("utf-8") for path in folder.iterdir())
    variables = set(re.findall(r"\b(?:KAFKA|POSTGRES)_[A-Z_]+\b|\bPGDATA\b", text))

    assert variables
    assert {name for name in variables if f"`{name}`" not in PAGE} == set()
