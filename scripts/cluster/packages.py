"""What Debian gives the cluster: the container runtime, its network plugins, and the tools that make images.

Missing ones are named all at once, each with what it is for; root on a machine with apt gets them installed.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from scripts.cluster.errors import ClusterError

CNI_PLUGINS_DIR = Path("/usr/lib/cni")
BUSYBOX = Path("/bin/busybox")
_APT_TIMEOUT_S = 900


@dataclass(frozen=True)
class Package:
    """A package, a file or command by which its presence is known, and why it is needed."""

    name: str
    proof: str
    purpose: str

    def is_present(self) -> bool:
        return Path(self.proof).exists() if self.proof.startswith("/") else shutil.which(self.proof) is not None


PACKAGES = (
    Package("containerd", "containerd", "runs the pods"),
    Package("runc", "runc", "starts their containers"),
    Package("containernetworking-plugins", str(CNI_PLUGINS_DIR / "ptp"), "gives pods their addresses"),
    Package("iptables", "iptables", "carries Services (kube-proxy)"),
    Package("iproute2", "ip", "makes the network namespace's links"),
    Package("util-linux", "nsenter", "enters the namespaces"),
    Package("conntrack", "conntrack", "forgets connections to pods that have gone"),
    Package("busybox-static", str(BUSYBOX), "makes and removes volumes' directories"),
    Package("buildah", "buildah", "builds images without Docker"),
    Package("mmdebstrap", "mmdebstrap", "makes base images without a registry"),
)


def missing() -> list[Package]:
    return [package for package in PACKAGES if not package.is_present()]


def ensure() -> None:
    """Returns when all are there; as root with apt it installs what is not."""
    if os.geteuid() != 0:
        raise ClusterError("A cluster makes network namespaces and mounts, which needs root: run it with sudo.")
    absent = missing()
    if not absent:
        return
    names = [package.name for package in absent]
    command = f"apt-get install -y {' '.join(names)}"
    if shutil.which("apt-get") is None:
        reasons = "\n".join(f"  {package.name}: {package.purpose}" for package in absent)
        raise ClusterError(
            f"Packages are missing, by Debian's names; install them ({command}), or use `make kind`:\n{reasons}"
        )
    print(f"installing {', '.join(names)} …", flush=True)
    result = subprocess.run(
        ["apt-get", "install", "-y", "--no-install-recommends", *names],
        env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
        capture_output=True,
        text=True,
        timeout=_APT_TIMEOUT_S,
        check=False,
    )
    still = [package.name for package in missing()]
    if result.returncode != 0 or still:
        raise ClusterError(
            f"`{command}` did not bring {', '.join(still or names)} (exit code {result.returncode}); "
            f"`apt-get update` may be due. It said:\n{result.stderr.strip()}"
        )
