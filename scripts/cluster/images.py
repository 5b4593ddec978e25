"""Images into containerd: those of the cluster itself, made from one file each, and those that an engine has built."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import subprocess
import tarfile
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from scripts.cluster import binaries, layout, packages
from scripts.cluster.errors import ClusterError
from scripts.cluster.processes import Cluster

# The namespace in containerd where the kubelet looks.
_CTR = ["ctr", "--address", str(layout.CONTAINERD_SOCKET), "--namespace", "k8s.io"]
# Engines by which an image may have been built here: how each tells an image's id, and writes it to a file.
_ENGINES: dict[str, tuple[list[str], Callable[[str, Path], list[str]]]] = {
    "docker": (["image", "inspect", "--format", "{{.Id}}"], lambda image, to: ["save", "-o", str(to), image]),
    "podman": (["image", "inspect", "--format", "{{.Id}}"], lambda image, to: ["save", "-o", str(to), image]),
    "buildah": (
        ["inspect", "--type", "image", "--format", "{{.FromImageID}}"],
        lambda image, to: ["push", image, f"docker-archive:{to}:{image}"],
    ),
}
# What was loaded, by name, as the engine's id of it: an image that has not changed is not copied again.
_LOADED = layout.CONTAINERD_DIR / "loaded.json"


@dataclass(frozen=True)
class OwnImage:
    """An image that is one static program: nothing else is in it."""

    name: str
    program: Callable[[], Path]
    entrypoint: tuple[str, ...]
    links: tuple[str, ...] = ()

    @property
    def reference(self) -> str:
        return f"localhost/isobar-cluster/{self.name}:1"


PAUSE = OwnImage("pause", binaries.PAUSE.build, ("/pause",))
COREDNS = OwnImage("coredns", binaries.COREDNS.build, ("/coredns",))
LOCAL_PATH_PROVISIONER = OwnImage(
    "local-path-provisioner", binaries.LOCAL_PATH_PROVISIONER.build, ("/local-path-provisioner",)
)
# The provisioner makes and removes directories by a pod with a shell.
BUSYBOX = OwnImage("busybox", lambda: packages.BUSYBOX, (), links=("sh", "mkdir", "rm"))


def ensure(cluster: Cluster, image: OwnImage) -> None:
    """The image in containerd, made and copied if its program is another than when it was loaded."""
    program = image.program()
    identity = hashlib.sha256(str(program).encode()).hexdigest()
    if _loaded().get(image.reference) == identity:
        return
    with tempfile.TemporaryDirectory(dir=layout.STATE_DIR) as scratch:
        archive = Path(scratch) / "image.tar"
        _write_archive(image, program, archive)
        _import(cluster, archive)
    _remember(image.reference, identity)


def load(cluster: Cluster, reference: str) -> None:
    """An image of docker, podman or buildah, by its full name, such as localhost/isobar/jobs:0.1.0."""
    for engine, (inspect, save) in _ENGINES.items():
        identity = _identity(engine, inspect, reference)
        if identity is None:
            continue
        if _loaded().get(reference) == identity:
            print(f"{reference}: already loaded", flush=True)
            return
        began = time.monotonic()
        with tempfile.TemporaryDirectory(dir=layout.STATE_DIR) as scratch:
            archive = Path(scratch) / "image.tar"
            _run([engine, *save(reference, archive)])
            size_mb = archive.stat().st_size / 1e6
            _import(cluster, archive)
        _remember(reference, identity)
        print(f"{reference}: {size_mb:.0f} MB from {engine}, {time.monotonic() - began:.0f} s", flush=True)
        return
    raise ClusterError(
        f"No engine here has the image {reference}: looked in {', '.join(_ENGINES)}. Build it with `make images`."
    )


def _identity(engine: str, inspect: list[str], reference: str) -> str | None:
    if shutil.which(engine) is None:
        return None
    # Fails alike for an engine that does not run and for an image that it does not have.
    result = subprocess.run([engine, *inspect, reference], capture_output=True, text=True, check=False)
    return result.stdout.strip() or None if result.returncode == 0 else None


def _import(cluster: Cluster, archive: Path) -> None:
    cluster.run([*_CTR, "images", "import", str(archive)])


def _write_archive(image: OwnImage, program: Path, archive: Path) -> None:
    """Docker's archive format: one layer, its configuration, and a manifest that names both."""
    layer = io.BytesIO()
    file_name = image.entrypoint[0].lstrip("/") if image.entrypoint else program.name
    with tarfile.open(fileobj=layer, mode="w") as tar:
        entry = tarfile.TarInfo(file_name)
        content = program.read_bytes()
        entry.size, entry.mode = len(content), 0o755
        tar.addfile(entry, io.BytesIO(content))
        for link in image.links:
            entry = tarfile.TarInfo(f"bin/{link}")
            entry.type, entry.linkname = tarfile.SYMTYPE, f"/{file_name}"
            tar.addfile(entry)
    config = {
        "architecture": _architecture(),
        "os": "linux",
        "config": {"Entrypoint": list(image.entrypoint), "Env": ["PATH=/bin:/"]},
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(layer.getvalue()).hexdigest()}"]},
    }
    manifest = [{"Config": "config.json", "RepoTags": [image.reference], "Layers": ["layer.tar"]}]
    with tarfile.open(archive, "w") as tar:
        for name, data in (
            ("layer.tar", layer.getvalue()),
            ("config.json", json.dumps(config).encode()),
            ("manifest.json", json.dumps(manifest).encode()),
        ):
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            tar.addfile(entry, io.BytesIO(data))


def _architecture() -> str:
    """By Go's name: the programs were built for this machine."""
    return _run([binaries.go(), "env", "GOARCH"]).strip()


def _loaded() -> dict[str, str]:
    if not _LOADED.exists():
        return {}
    found: dict[str, str] = json.loads(_LOADED.read_text())
    return found


def _remember(reference: str, identity: str) -> None:
    partial = _LOADED.with_suffix(".partial")
    partial.write_text(json.dumps({**_loaded(), reference: identity}, indent=2))
    partial.replace(_LOADED)


def _run(argv: list[str]) -> str:
    result = subprocess.run(argv, capture_output=True, text=True, check=False)
    if result.returncode != 0:
        raise ClusterError(f"`{' '.join(argv)}` failed (exit code {result.returncode}): {result.stderr.strip()}")
    return result.stdout
