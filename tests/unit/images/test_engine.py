"""The first engine that works is taken. The engines are played by shell scripts."""

import pytest

from scripts.images import base, build
from scripts.images.catalogue import image
from scripts.images.engine import Engine, find
from scripts.images.errors import ImageError
from tests.unit.images.conftest import Play


def test_a_docker_client_without_its_daemon_is_passed_over(play: Play) -> None:
    play("docker", "exit 1")
    play("buildah", "exit 0")

    assert find() == Engine("buildah")


def test_the_first_that_works_is_taken(play: Play) -> None:
    play("podman", "exit 0")
    play("buildah", "exit 0")

    assert find() == Engine("podman")


def test_without_any_the_error_says_of_each_why(play: Play) -> None:
    play("docker", "exit 1")

    with pytest.raises(ImageError) as caught:
        find()

    assert str(caught.value) == (
        "No engine that builds images works here: `docker info` fails, podman is not installed, buildah is not "
        "installed. Start Docker, or install one that needs no daemon, e.g. `apt install buildah`."
    )


def test_a_base_that_cannot_be_pulled_names_the_other_way(play: Play) -> None:
    play("docker", 'case "$1" in inspect) exit 1;; pull) echo trying >&2; echo "no such host" >&2; exit 1;; esac')

    with pytest.raises(ImageError) as caught:
        build.build(Engine("docker"), [image("producer")], "python:3.11-slim-bookworm")

    assert str(caught.value) == (
        "The base image python:3.11-slim-bookworm is not here, and docker could not pull it: no such host\n"
        "On a machine that no registry answers, `make images BASE=local` makes a base from Debian packages."
    )


def test_without_mmdebstrap_the_error_says_how_to_do_without(play: Play) -> None:
    play("buildah", "exit 1")

    with pytest.raises(ImageError) as caught:
        base.ensure(Engine("buildah"), image("producer"))

    assert str(caught.value) == (
        "mmdebstrap is needed to make a base image and was not found: install it, e.g. `apt install mmdebstrap`, "
        "or build on a base from a registry, e.g. `make images BASE=python:3.11-slim-bookworm`."
    )


def test_only_images_that_run_on_a_jvm_take_the_base_that_has_one() -> None:
    plain, java = base.name(image("producer")), base.name(image("jobs"))

    assert plain == base.name(image("postgres"))
    assert java == base.name(image("kafka"))
    assert plain != java


@pytest.mark.parametrize(
    ("shown", "size"), [("393 MB", 393_000_000), ("1.07 GB", 1_070_000_000), ("12.5kB", 12_500)], ids=str
)
def test_a_size_is_read_as_buildah_writes_it(play: Play, shown: str, size: int) -> None:
    play("buildah", f'echo "{shown}"')

    assert Engine("buildah").size_bytes("localhost/isobar/jobs:1") == size


def test_a_size_nobody_understands_is_an_error(play: Play) -> None:
    play("buildah", 'echo "large"')

    with pytest.raises(ImageError) as caught:
        Engine("buildah").size_bytes("localhost/isobar/jobs:1")

    assert (
        str(caught.value)
        == "buildah says that localhost/isobar/jobs:1 has the size 'large': expected such as '393 MB'."
    )


def test_an_unknown_image_is_an_error() -> None:
    with pytest.raises(ImageError) as caught:
        image("api")

    assert str(caught.value) == "There is no image 'api': expected one of jobs, producer, sinks, kafka, postgres."
