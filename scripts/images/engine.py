"""Docker, Podman or Buildah: whichever works here, driven by the few commands that they share.

The first whose `info` succeeds is taken: a docker client without a daemon is no engine. Buildah needs no daemon at all
and no OCI runtime either (isolation by chroot), which is what a build machine without containers has.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from scripts.images.errors import ImageError

ENGINES = ("docker", "podman", "buildah")
# A daemon that hangs must not hang the choice.
_INFO_TIMEOUT_S = 30
_UNITS = {"B": 1, "kB": 10**3, "KB": 10**3, "MB": 10**6, "GB": 10**9}


@dataclass(frozen=True)
class Engine:
    """One of the engines, by its command."""

    command: str

    def exists(self, reference: str) -> bool:
        """Whether this image is here."""
        arguments = ["inspect", "--type", "image", reference]
        return self._run(arguments, capture=True).returncode == 0

    def pull(self, reference: str) -> str | None:
        """None when the image came, else what the engine said."""
        result = self._run(["pull", reference], capture=True)
        return None if result.returncode == 0 else (result.stderr.strip() or result.stdout.strip())

    def build(self, context: Path, reference: str, build_args: Mapping[str, str]) -> None:
        """Build the context's Dockerfile; what it prints goes to the screen."""
        arguments = ["build", "--tag", reference]
        for name, value in build_args.items():
            arguments += ["--build-arg", f"{name}={value}"]
        if self.command == "buildah":
            # The others cache steps and keep a layer for each anyway: a change of our code is then a layer of 1 MB.
            arguments += ["--layers"]
        if self._run([*arguments, str(context)]).returncode != 0:
            raise ImageError(
                f"{self.command} could not build {reference} from {context}: its last lines above say why."
            )

    def size_bytes(self, reference: str) -> int:
        """All layers of the image, uncompressed, as the engine counts them."""
        if self.command == "buildah":
            shown = self._output(["images", "--format", "{{.Size}}", reference])
            match = re.fullmatch(r"([\d.]+) ?(\w+)", shown)
            if match is None or match[2] not in _UNITS:
                raise ImageError(f"buildah says that {reference} has the size {shown!r}: expected such as '393 MB'.")
            return round(float(match[1]) * _UNITS[match[2]])
        return int(self._output(["image", "inspect", "--format", "{{.Size}}", reference]))

    def save(self, reference: str, archive: Path) -> None:
        """The image as a docker archive, which every engine and containerd can load."""
        archive.unlink(missing_ok=True)
        if self.command == "buildah":
            self._output(["push", "--quiet", reference, f"docker-archive:{archive}:{reference}"])
        else:
            self._output(["save", "--output", str(archive), reference])

    def _output(self, arguments: list[str]) -> str:
        result = self._run(arguments, capture=True)
        if result.returncode != 0:
            raise ImageError(f"`{self.command} {' '.join(arguments)}` failed: {result.stderr.strip()}")
        return result.stdout.strip()

    def _run(self, arguments: list[str], *, capture: bool = False) -> subprocess.CompletedProcess[str]:
        environment = {"BUILDAH_ISOLATION": "chroot", **os.environ}
        return subprocess.run(
            [self.command, *arguments], env=environment, capture_output=capture, text=True, check=False
        )


def find(engines: tuple[str, ...] = ENGINES) -> Engine:
    """The first engine that works here; an error says of each why it does not."""
    refused = []
    for command in engines:
        if shutil.which(command) is None:
            refused.append(f"{command} is not installed")
            continue
        try:
            result = subprocess.run([command, "info"], capture_output=True, timeout=_INFO_TIMEOUT_S, check=False)
        except subprocess.TimeoutExpired:
            refused.append(f"`{command} info` did not end within {_INFO_TIMEOUT_S} s")
            continue
        if result.returncode == 0:
            return Engine(command)
        refused.append(f"`{command} info` fails")
    raise ImageError(
        f"No engine that builds images works here: {', '.join(refused)}. Start Docker, or install one that needs no "
        "daemon, e.g. `apt install buildah`."
    )
