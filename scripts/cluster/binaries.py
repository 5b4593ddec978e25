"""Programs built from Go modules, once for each set of versions.

Every directory of `go/` is a module: its go.mod is the only place where a version stands, and its go.sum proves what
was fetched. A program is cached under a hash of its module's files, the compiler and the flags, so that a changed pin
is another file and a warm start compiles nothing. A module without a main of its own names the program as its `tool`.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from scripts.cluster.errors import ClusterError
from scripts.cluster.layout import BINARIES_DIR

GO_DIR = Path(__file__).with_name("go")
# Two cores build Kubernetes in seven minutes from nothing; a laptop that sleeps meanwhile must not fail.
BUILD_TIMEOUT_S = 3600
# Where the Go project's own installation instructions put it; it is often not on root's PATH.
_USUAL_GO = Path("/usr/local/go/bin/go")
_OUTPUT_TAIL_LINES = 20


def pinned_version(module: str, requirement: str) -> str:
    """The version at which go/<module>/go.mod requires a module."""
    text = (GO_DIR / module / "go.mod").read_text()
    found = re.search(rf"^(?:require)?\s+{re.escape(requirement)} (v\S+)", text, re.MULTILINE)
    if found is None:
        raise ClusterError(f"{GO_DIR / module / 'go.mod'} was expected to require {requirement} and does not.")
    return found[1]


KUBERNETES_VERSION = pinned_version("kubernetes", "k8s.io/kubernetes")


def _kubernetes_stamps() -> list[str]:
    """What the components answer when asked for their version: a build outside their repository would say v0.0.0."""
    major, minor, _ = KUBERNETES_VERSION.removeprefix("v").split(".")
    values = {"gitVersion": KUBERNETES_VERSION, "gitMajor": major, "gitMinor": minor, "gitTreeState": "archive"}
    packages = ("k8s.io/component-base/version", "k8s.io/client-go/pkg/version")
    return [f"-X {package}.{name}={value}" for package in packages for name, value in values.items()]


def _helm_stamps() -> list[str]:
    """Its own version, and that of Kubernetes which charts are rendered for when no cluster is asked."""
    major, minor, _ = KUBERNETES_VERSION.removeprefix("v").split(".")
    helm = "helm.sh/helm/v3"
    return [
        f"-X {helm}/internal/version.version={pinned_version('helm', helm)}",
        f"-X {helm}/pkg/chartutil.k8sVersionMajor={major}",
        f"-X {helm}/pkg/chartutil.k8sVersionMinor={minor}",
    ]


@dataclass(frozen=True)
class Program:
    """One Go module and the programs that come out of it."""

    module: str
    package: str = "."
    names: tuple[str, ...] = ()
    stamps: list[str] = field(default_factory=list)

    @property
    def linker_flags(self) -> str:
        # Neither symbol table nor debugger data: a third of the size, and nobody debugs these here.
        return " ".join(["-s", "-w", *self.stamps])

    def path(self, name: str | None = None) -> Path:
        """The program, whether or not it has been built."""
        key = hashlib.sha256(f"{go_version()}\n{self.package}\n{self.linker_flags}\n".encode())
        for file in sorted((GO_DIR / self.module).iterdir()):
            key.update(file.name.encode() + b"\0" + file.read_bytes() + b"\0")
        return BINARIES_DIR / f"{self.module}-{key.hexdigest()[:16]}" / (name or self.module)

    def is_built(self) -> bool:
        return self.path().exists()

    def build(self) -> Path:
        """The program; compiled only if it is not there."""
        target = self.path()
        if target.exists():
            return target
        print(f"building {self.module} (once; minutes) …", flush=True)
        began = time.monotonic()
        target.parent.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{self.module}-", dir=target.parent.parent) as scratch:
            staging = Path(scratch) / "built"
            staging.mkdir()
            self._compile(staging / self.module)
            for name in self.names:
                (staging / name).symlink_to(self.module)
            try:
                staging.rename(target.parent)
            except OSError:
                # Another process built the same meanwhile; its directory is as whole as ours.
                if not target.exists():
                    raise
        print(
            f"built {self.module}: {target.stat().st_size / 1e6:.0f} MB, {time.monotonic() - began:.0f} s", flush=True
        )
        return target

    def _compile(self, output: Path) -> None:
        # -trimpath: the same bytes whoever builds it. No cgo: the programs run in images that hold nothing else.
        flags = ["-mod=readonly", "-trimpath", "-ldflags", self.linker_flags]
        result = subprocess.run(
            [go(), "build", *flags, "-o", str(output), self.package],
            cwd=GO_DIR / self.module,
            env={**os.environ, "CGO_ENABLED": "0", "GOWORK": "off"},
            capture_output=True,
            text=True,
            timeout=BUILD_TIMEOUT_S,
            check=False,
        )
        if result.returncode != 0:
            tail = "\n".join(result.stderr.splitlines()[-_OUTPUT_TAIL_LINES:])
            raise ClusterError(f"Go could not build {GO_DIR / self.module} (exit code {result.returncode}):\n{tail}")


KUBERNETES = Program(
    "kubernetes",
    names=("kube-apiserver", "kube-controller-manager", "kube-proxy", "kube-scheduler", "kubectl", "kubelet"),
    stamps=_kubernetes_stamps(),
)
ETCD = Program("etcd")
COREDNS = Program("coredns")
LOCAL_PATH_PROVISIONER = Program("local-path-provisioner", package="github.com/rancher/local-path-provisioner")
PAUSE = Program("pause")
HELM = Program("helm", package="helm.sh/helm/v3/cmd/helm", stamps=_helm_stamps())
CYCLONUS = Program("cyclonus", package="github.com/mattfenwick/cyclonus/cmd/cyclonus")
KIND = Program("kind", package="sigs.k8s.io/kind")

# What `up` needs, the longest first; everything else is built by whoever wants it.
CORE = (KUBERNETES, COREDNS, ETCD, LOCAL_PATH_PROVISIONER, PAUSE, HELM)
ALL = {program.module: program for program in (*CORE, CYCLONUS, KIND)}


def go() -> str:
    """The Go compiler."""
    found = shutil.which("go") or (str(_USUAL_GO) if _USUAL_GO.exists() else None)
    if found is None:
        raise ClusterError("Go 1.25 or newer is needed to build the cluster and was not found: https://go.dev/dl/.")
    return found


def go_version() -> str:
    """Such as go1.26.0."""
    return subprocess.run([go(), "env", "GOVERSION"], capture_output=True, text=True, check=True).stdout.strip()


def kubectl() -> Path:
    KUBERNETES.build()
    return KUBERNETES.path("kubectl")


def helm() -> Path:
    return HELM.build()
