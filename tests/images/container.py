"""A container as a restricted pod has it: read-only root, its own numeric user, no capability, no new privileges.

runc is driven directly, because it is what a cluster's nodes run and because it needs neither a daemon nor a network:
each container gets a network namespace of its own with nothing but 127.0.0.1, or joins that of another, as the
containers of one pod do.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

# Java, Kafka and Flink on two busy cores.
READY_TIMEOUT_S = 120.0
# What Kubernetes gives a pod by default, and more for a busy machine.
STOP_TIMEOUT_S = 60.0


@dataclass(frozen=True)
class BuiltImage:
    """An image of the local storage: its configuration, and its root mounted."""

    name: str
    config: Mapping[str, object]
    history: Sequence[Mapping[str, object]]
    root: Path

    @property
    def user(self) -> str:
        return str(self.config["User"])

    @property
    def ids(self) -> tuple[int, int]:
        """uid and gid."""
        uid, _, gid = self.user.partition(":")
        return int(uid), int(gid)

    @property
    def env(self) -> dict[str, str]:
        return dict(entry.split("=", 1) for entry in _texts(self.config.get("Env")))

    @property
    def labels(self) -> dict[str, str]:
        labels = self.config.get("Labels")
        assert isinstance(labels, dict)
        return labels

    @property
    def command(self) -> list[str]:
        return _texts(self.config.get("Entrypoint")) + _texts(self.config.get("Cmd"))

    @property
    def entrypoint(self) -> list[str]:
        return _texts(self.config.get("Entrypoint"))


def _texts(value: object) -> list[str]:
    return [str(entry) for entry in value] if isinstance(value, list) else []


@contextlib.contextmanager
def mounted(name: str, reference: str) -> Iterator[BuiltImage]:
    """The image with its root mounted, by Buildah."""
    container = _output("buildah", "from", "--name", f"isobar-test-{uuid.uuid4().hex[:8]}", reference)
    try:
        root = Path(_output("buildah", "mount", container))
        inspected = json.loads(_output("buildah", "inspect", "--type", "image", reference))["OCIv1"]
        yield BuiltImage(name, inspected["config"], inspected["history"], root)
    finally:
        _output("buildah", "rm", container)


def _output(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=120).stdout.strip()


@dataclass
class Container:
    """One run of an image. `writable` are tmpfs as emptyDir volumes are; `volumes` and `files` come from the host."""

    image: BuiltImage
    bundle: Path
    arguments: Sequence[str] = ()
    entrypoint: Sequence[str] | None = None
    env: Mapping[str, str] = field(default_factory=dict)
    writable: Sequence[str] = ("/tmp",)
    volumes: Mapping[str, Path] = field(default_factory=dict)
    files: Mapping[str, Path] = field(default_factory=dict)
    beside: Container | None = None
    """Another container whose network it shares."""
    process: subprocess.Popen[bytes] | None = None
    id: str = field(default_factory=lambda: f"isobar-test-{uuid.uuid4().hex[:12]}")

    def start(self) -> None:
        for folder in (self._root, self.bundle / "upper", self.bundle / "work"):
            folder.mkdir(parents=True)
        # runc makes the points it mounts at: in a layer of this container's own, not in what the others see.
        layers = f"lowerdir={self.image.root},upperdir={self.bundle}/upper,workdir={self.bundle}/work"
        _output("mount", "-t", "overlay", "-o", layers, "overlay", str(self._root))
        (self.bundle / "hosts").write_text(f"127.0.0.1 localhost {self.image.name}\n")
        (self.bundle / "config.json").write_text(json.dumps(self._spec(), indent=1))
        with self.log_path.open("wb") as log:
            self.process = subprocess.Popen(
                ["runc", "run", "--bundle", str(self.bundle), self.id], stdout=log, stderr=log, stdin=subprocess.DEVNULL
            )

    def run(self, timeout_s: float = READY_TIMEOUT_S) -> tuple[int, str]:
        """Start, wait for its end; exit code and output."""
        self.start()
        assert self.process
        try:
            code = self.process.wait(timeout_s)
        finally:
            self.remove()
        return code, self.log()

    @property
    def log_path(self) -> Path:
        return self.bundle / "output.log"

    def log(self) -> str:
        return self.log_path.read_text(errors="replace")

    def wait_for(self, text: str, timeout_s: float = READY_TIMEOUT_S) -> None:
        """Until the output holds the text; fails with the output when the container ends before."""
        assert self.process
        deadline = time.monotonic() + timeout_s
        while text not in self.log():
            assert self.process.poll() is None, f"{self.image.name} ended ({self.process.returncode}):\n{self.log()}"
            assert time.monotonic() < deadline, f"{self.image.name} never said {text!r}:\n{self.log()}"
            time.sleep(0.2)

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Signal its first process, as a kubelet does; returns its exit code."""
        assert self.process
        _output("runc", "kill", self.id, number.name)
        try:
            return self.process.wait(STOP_TIMEOUT_S)
        finally:
            self.remove()

    def remove(self) -> None:
        """Whatever is left of it."""
        subprocess.run(["runc", "delete", "--force", self.id], check=False, capture_output=True)
        if self.process and self.process.poll() is None:
            self.process.wait(STOP_TIMEOUT_S)
        if self._root.is_mount():
            _output("umount", str(self._root))

    @property
    def _root(self) -> Path:
        return self.bundle / "root"

    def pid(self) -> int:
        """Of its first process, as soon as there is one."""
        assert self.process
        deadline = time.monotonic() + READY_TIMEOUT_S
        while True:
            state = subprocess.run(["runc", "state", self.id], check=False, capture_output=True, text=True)
            if state.returncode == 0:
                return int(json.loads(state.stdout)["pid"])
            assert self.process.poll() is None, f"{self.image.name} ended ({self.process.returncode}):\n{self.log()}"
            assert time.monotonic() < deadline, f"{self.image.name} was never created: {state.stderr}"
            time.sleep(0.1)

    def _spec(self) -> dict[str, object]:
        uid, gid = self.image.ids
        entrypoint = self.image.entrypoint if self.entrypoint is None else list(self.entrypoint)
        environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", **self.image.env, **self.env}
        network = {"type": "network"}
        if self.beside:
            network["path"] = f"/proc/{self.beside.pid()}/ns/net"
        return {
            "ociVersion": "1.0.2",
            "root": {"path": str(self._root), "readonly": True},
            "hostname": self.image.name,
            "process": {
                "user": {"uid": uid, "gid": gid},
                "args": [*entrypoint, *self.arguments],
                "env": [f"{name}={value}" for name, value in environment.items()],
                "cwd": str(self.image.config.get("WorkingDir") or "/"),
                "capabilities": {name: [] for name in ("bounding", "effective", "permitted")},
                "noNewPrivileges": True,
            },
            "mounts": [*_SYSTEM_MOUNTS, *self._mounts(uid, gid)],
            "linux": {
                "namespaces": [*({"type": name} for name in ("pid", "ipc", "uts", "mount")), network],
                "maskedPaths": ["/proc/kcore", "/proc/keys", "/sys/firmware"],
                "readonlyPaths": ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"],
            },
        }

    def _mounts(self, uid: int, gid: int) -> Iterator[dict[str, object]]:
        for path in self.writable:
            options = ["nosuid", "nodev", "mode=0770", f"uid={uid}", f"gid={gid}"]
            yield {"destination": path, "type": "tmpfs", "source": "tmpfs", "options": options}
        for path, source in self.volumes.items():
            source.mkdir(parents=True, exist_ok=True)
            os.chown(source, uid, gid)
            yield {"destination": path, "type": "bind", "source": str(source), "options": ["rbind", "rw"]}
        # As a kubelet does: a Java program asks what its own host's name means.
        for path, source in {"/etc/hosts": self.bundle / "hosts", **self.files}.items():
            yield {"destination": path, "type": "bind", "source": str(source), "options": ["rbind", "ro"]}


_SYSTEM_MOUNTS: Sequence[dict[str, object]] = (
    {"destination": "/proc", "type": "proc", "source": "proc"},
    {"destination": "/dev", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "mode=755", "size=65536k"]},
    {
        "destination": "/dev/pts",
        "type": "devpts",
        "source": "devpts",
        "options": ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"],
    },
    {
        "destination": "/dev/shm",
        "type": "tmpfs",
        "source": "shm",
        "options": ["nosuid", "noexec", "nodev", "mode=1777", "size=65536k"],
    },
    {"destination": "/sys", "type": "sysfs", "source": "sysfs", "options": ["nosuid", "noexec", "nodev", "ro"]},
)
