"""`python -m scripts.images build [NAME...]`, `base`, `save DIRECTORY [NAME...]`, `list`.

Exit codes: 0 done; 1 something failed (a sentence on standard error says what); 2 the command line is wrong.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from local.errors import StartError
from scripts.images import base, engine
from scripts.images.build import build, tag
from scripts.images.catalogue import DEFAULT_BASE, IMAGES, Image, image, reference
from scripts.images.errors import ImageError

EXIT_FAILED = 1
_NAMES = ", ".join(each.name for each in IMAGES)


def parser() -> argparse.ArgumentParser:
    """The command line."""
    top = argparse.ArgumentParser(prog="python -m scripts.images", description="The container images of Isobar.")
    top.add_argument("--engine", choices=engine.ENGINES, help="default: the first whose `info` succeeds")
    verbs = top.add_subparsers(dest="verb", required=True)
    make = verbs.add_parser("build", help="build images")
    make.add_argument("name", nargs="*", help=f"default: all ({_NAMES})")
    make.add_argument(
        "--base", default=DEFAULT_BASE, help="base image; `local` makes one from Debian packages (default: %(default)s)"
    )
    verbs.add_parser("base", help="make the base images of --base local anew")
    save = verbs.add_parser("save", help="write images as docker archives, NAME.tar each")
    save.add_argument("directory", type=Path)
    save.add_argument("name", nargs="*", help=f"default: all ({_NAMES})")
    verbs.add_parser("list", help="print the references that `build` makes")
    return top


def _chosen(names: Sequence[str]) -> Sequence[Image]:
    return [image(name) for name in names] or IMAGES


def main(arguments: list[str] | None = None) -> int:
    """Runs one verb; returns the exit code."""
    options = parser().parse_args(arguments)
    try:
        if options.verb == "list":
            print("\n".join(reference(each.name, tag()) for each in IMAGES))
            return 0
        works = engine.find((options.engine,) if options.engine else engine.ENGINES)
        match options.verb:
            case "base":
                for java in (False, True):
                    print(base.make(works, java=java))
            case "build":
                build(works, _chosen(options.name), options.base)
            case _:
                options.directory.mkdir(parents=True, exist_ok=True)
                for each in _chosen(options.name):
                    archive = options.directory / f"{each.name}.tar"
                    works.save(reference(each.name, tag()), archive)
                    print(archive)
    except (ImageError, StartError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return EXIT_FAILED
    return 0


if __name__ == "__main__":
    sys.exit(main())
