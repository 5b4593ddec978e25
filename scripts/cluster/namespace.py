"""The namespaces that hold the cluster, and the one process that holds them.

That process (`go/pause`) is the first of a process namespace. When it ends, for whatever reason, the kernel ends every
process in there, and with the last of them go the mounts and the network: also after a crash there is nothing to tidy
up by hand. The API server is reached over a veth pair: a link that only this machine has, which dies with the
namespace, needs no forwarding process beside it and opens no port on an address that anybody else could reach. The
host does not forward packets for it, so that nothing inside reaches the outside.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

from scripts.cluster import binaries, layout
from scripts.cluster.errors import ClusterError

# Says which process is meant, beside the program's path: the state directory follows it.
_MARK = "isobar-cluster"
_START_TIMEOUT_S = 5.0
# Everything inside has been killed by the kernel by then; a thread in uninterruptible I/O may take some seconds.
_STOP_TIMEOUT_S = 30.0
POLL_INTERVAL_S = 0.05

# Mounts are made shared among themselves (kubelet demands it); the machine's own see none of it.
_MOUNTS = f"""
mount --make-rshared /
mount -t proc proc /proc
mount -t tmpfs -o mode=755 tmpfs /run
mkdir -p /run/netns /run/lock
mount --bind {layout.VAR_LOG_DIR} /var/log
mount --bind {layout.KUBELET_DIR} /var/lib/kubelet
"""
# The node's default route leads to a neighbour that never answers: programs insist on having one.
_NETWORK = f"""
ip link set lo up
ip addr add {layout.NODE_ADDRESS}/{layout.LINK_PREFIX_BITS} dev {layout.NODE_LINK}
ip link set {layout.NODE_LINK} up
ip route add default dev {layout.NODE_LINK} src {layout.NODE_ADDRESS}
echo 1 > /proc/sys/net/ipv4/ip_forward
"""
# Where kubelet's fixed paths are; it must exist for the bind mount, and is removed again if we left it empty.
_KUBELET_MOUNT_POINT = Path("/var/lib/kubelet")
_CGROUPS = Path("/sys/fs/cgroup")


def holder() -> int | None:
    """The process that holds the namespaces, or None when there are none."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            arguments = command_line(int(entry.name))
            if arguments[1:] == [_MARK, str(layout.STATE_DIR)] and arguments[0].endswith("/pause"):
                return int(entry.name)
    return None


def command_line(pid: int) -> list[str]:
    """A process's arguments; none for a kernel thread or a process that has gone."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")[:-1]
    except (FileNotFoundError, ProcessLookupError):
        return []


def members(of: int) -> list[int]:
    """Every process in the process namespace of one."""
    namespace = _process_namespace(of)
    pids = (int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit())
    return [pid for pid in pids if namespace is not None and _process_namespace(pid) == namespace]


def enter(pid: int) -> list[str]:
    """The command before a command that is to run inside. Not `ip netns exec`: that hides /sys/fs/cgroup."""
    return ["nsenter", "--target", str(pid), "--net", "--mount", "--pid", "--"]


def create() -> int:
    """New namespaces with their mounts and the link; returns the process that holds them."""
    for directory in (layout.VAR_LOG_DIR, layout.KUBELET_DIR, _KUBELET_MOUNT_POINT):
        directory.mkdir(parents=True, exist_ok=True)
    remove_cgroups()
    unshare = ["unshare", "--net", "--mount", "--pid", "--fork", "--propagation", "slave", "--"]
    # In a session of its own and nobody's child: it goes on when this program ends.
    subprocess.run(
        ["setsid", "--fork", *unshare, str(binaries.PAUSE.build()), _MARK, str(layout.STATE_DIR)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=True,
    )
    deadline = time.monotonic() + _START_TIMEOUT_S
    while (pid := holder()) is None:
        if time.monotonic() > deadline:
            raise ClusterError(
                f"`{' '.join(unshare[:-1])}` made no namespaces within {_START_TIMEOUT_S:.0f} s: expected root with "
                "CAP_SYS_ADMIN, as on a plain machine; a container may forbid it."
            )
        time.sleep(POLL_INTERVAL_S)
    try:
        inside = enter(pid)
        _shell([*inside], _MOUNTS)
        _link(pid)
        _shell([*inside], _NETWORK)
    except BaseException:
        destroy(pid)
        raise
    return pid


def destroy(pid: int) -> None:
    """Ends the holder and with it everything inside; returns when nothing is left."""
    os.kill(pid, signal.SIGKILL)
    deadline = time.monotonic() + _STOP_TIMEOUT_S
    while holder() is not None or layout.HOST_LINK in _links():
        if time.monotonic() > deadline:
            raise ClusterError(f"The cluster's processes did not end within {_STOP_TIMEOUT_S:.0f} s of SIGKILL.")
        time.sleep(POLL_INTERVAL_S)
    remove_cgroups()
    if _KUBELET_MOUNT_POINT.is_dir() and not any(_KUBELET_MOUNT_POINT.iterdir()):
        _KUBELET_MOUNT_POINT.rmdir()


def remove_cgroups() -> None:
    """The pods' control groups: the only thing that outlives its processes. Those in use belong to another kubelet."""
    roots = [*_CGROUPS.glob("kubepods"), *_CGROUPS.glob("*/kubepods")]
    for root in roots:
        if root.is_symlink() or root.parent.is_symlink():
            continue  # cpu and cpuacct may be two names of one hierarchy
        groups = [Path(group) for group, _, _ in os.walk(root, topdown=False)]
        users = [pid for group in groups for pid in (group / "cgroup.procs").read_text().split()]
        if users:
            raise ClusterError(
                f"Another kubelet runs here: process {users[0]} is in {root}. Stop it first; two on one machine "
                "would share its control groups."
            )
        for group in groups:
            group.rmdir()


def _link(pid: int) -> None:
    pair = ["ip", "link", "add", layout.HOST_LINK, "type", "veth", "peer", "name", layout.NODE_LINK, "netns", str(pid)]
    _run(pair)
    _run(["ip", "addr", "add", f"{layout.HOST_ADDRESS}/{layout.LINK_PREFIX_BITS}", "dev", layout.HOST_LINK])
    _run(["ip", "link", "set", layout.HOST_LINK, "up"])


def _links() -> list[str]:
    return [entry.name for entry in Path("/sys/class/net").iterdir()]


def _process_namespace(pid: int) -> str | None:
    try:
        return str(Path(f"/proc/{pid}/ns/pid").readlink())
    except (FileNotFoundError, ProcessLookupError):
        return None
    except PermissionError:
        return None  # root may look at all that is ours; what it may not look at, in a container, is not


def _shell(prefix: list[str], script: str) -> None:
    _run([*prefix, "sh", "-euc", script])


def _run(argv: list[str]) -> None:
    result = subprocess.run(argv, capture_output=True, text=True, check=False)
    if result.returncode != 0:
        raise ClusterError(f"`{' '.join(argv)}` failed (exit code {result.returncode}): {result.stderr.strip()}")
