"""The ports of the stack, all on 127.0.0.1.

The defaults start with 27 and keep the last digits of each program's usual port, so that they are easy to recognise,
never meet a Kafka, Flink or Postgres that runs on this machine already, and lie below the range from which the kernel
takes ports for outgoing connections.
"""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields

from local.errors import StartError

HOST = "127.0.0.1"


@dataclass(frozen=True)
class Ports:
    """Each field can be set by ISOBAR_LOCAL_<FIELD>_PORT, e.g. ISOBAR_LOCAL_BROKER_PORT=29092."""

    broker: int = 27092
    controller: int = 27093
    flink_rest: int = 27081
    flink_rpc: int = 27123
    postgres: int = 27432
    producer_metrics: int = 27101
    sink_metrics: int = 27102

    @classmethod
    def free(cls) -> Ports:
        """Ports that nothing uses now, for tests that run side by side."""
        with contextlib.ExitStack() as sockets:
            chosen: list[int] = []
            for _ in fields(cls):
                # All are held until the last is found: otherwise the kernel may hand out one of them twice.
                probe = sockets.enter_context(socket.socket())
                probe.bind((HOST, 0))
                chosen.append(probe.getsockname()[1])
        return cls(*chosen)


def free_port() -> int:
    """A port that nothing uses now."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def is_free(port: int) -> bool:
    """Whether a server could listen there now."""
    with socket.socket() as probe:
        # As servers do: a port whose last connections are in TIME_WAIT is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def check_ports_are_free(users: Iterable[Mapping[int, str]]) -> None:
    """Fail before the programs do: each words a taken port in its own way, some only in a log.

    Args:
        users: what needs each port, in words.
    """
    taken = [f"port {port}, which {user} needs" for group in users for port, user in group.items() if not is_free(port)]
    if taken:
        raise StartError(
            f"Another program has taken, on {HOST}: {'; '.join(taken)}. "
            "Stop that program (`ss -ltnp` shows it) or choose other ports by ISOBAR_LOCAL_*_PORT."
        )


def accepts_connections(port: int) -> bool:
    """Whether something listens there now."""
    with socket.socket() as probe:
        probe.settimeout(1.0)
        return probe.connect_ex((HOST, port)) == 0
