"""Places to observe, as a person writes them: `london=51.51,-0.13`, several, from the command line or a file."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from producer.errors import PlacesError

EXPECTED = "expected name=lat,lon such as london=51.51,-0.13"
NAME = re.compile(r"^[a-z0-9][a-z0-9_-]*$", re.IGNORECASE)
COMMENT = "#"


@dataclass(frozen=True, slots=True)
class Place:
    """A named point in degrees, north and east positive. The name is the user's; a provider never sees it."""

    name: str
    lat: float
    lon: float


def parse_place(text: str, where: str) -> Place:
    """One place.

    Raises:
        PlacesError: the text is no place; names `where` it stood.
    """
    name, equals, point = text.strip().partition("=")
    parts = point.split(",")
    if not equals or not NAME.match(name) or len(parts) != 2:
        raise PlacesError(f"{where}: {EXPECTED}, found '{text.strip()}'")
    try:
        lat, lon = float(parts[0]), float(parts[1])
    except ValueError:
        raise PlacesError(f"{where}: {EXPECTED}, found '{text.strip()}'") from None
    # Written so that NaN fails too.
    if not (-90 <= lat <= 90 and -180 <= lon <= 180):
        raise PlacesError(
            f"{where}: expected a latitude within -90..90 and a longitude within -180..180, found '{text.strip()}'"
            " (latitude comes first)"
        )
    return Place(name, lat, lon)


def parse_places(texts: Iterable[str], file: Path | None = None) -> list[Place]:
    """All places, in the order given; the file's after the command line's.

    Raises:
        PlacesError: one cannot be read, a name comes twice, or there is none.
    """
    places = [parse_place(text, "--places") for text in texts]
    if file is not None:
        try:
            lines = file.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            cause = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
            raise PlacesError(
                f"--places-file {file} cannot be read ({cause}): expected a text file with one place a line"
            ) from None
        for number, line in enumerate(lines, start=1):
            text = line.partition(COMMENT)[0]
            if text.strip():
                places.append(parse_place(text, f"{file} line {number}"))
    if not places:
        raise PlacesError(f"no place is given: {EXPECTED}, by --places or --places-file")
    names = [place.name for place in places]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise PlacesError(f"expected each name once, found '{twice[0]}' {names.count(twice[0])} times; rename one")
    return places
