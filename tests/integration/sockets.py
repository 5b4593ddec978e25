"""Which addresses a process listens on, as the kernel tells it."""

import socket
import sys
from pathlib import Path

LISTEN = "0A"  # <net/tcp_states.h>


def _address(hexadecimal: str) -> str:
    """An address of /proc/net/tcp: each 32-bit word in the machine's byte order."""
    packed = b"".join(
        int(hexadecimal[start : start + 8], 16).to_bytes(4, sys.byteorder) for start in range(0, len(hexadecimal), 8)
    )
    return socket.inet_ntop(socket.AF_INET if len(packed) == 4 else socket.AF_INET6, packed)


def listening_sockets(pid: int) -> dict[int, str]:
    """Port and address of every socket on which a process listens."""
    links = (str(path.readlink()) for path in Path(f"/proc/{pid}/fd").iterdir() if path.is_symlink())
    inodes = {link[8:-1] for link in links if link.startswith("socket:[")}
    found = {}
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == LISTEN and fields[9] in inodes:
                address, port = fields[1].split(":")
                found[int(port, 16)] = _address(address)
    return found


def descendants(pid: int) -> dict[int, str]:
    """Every process below this one, with the first word of its command line."""
    children: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(stat.read_text().rpartition(")")[2].split()[1])
        except (FileNotFoundError, ProcessLookupError):
            continue
        children.setdefault(parent, []).append(int(stat.parent.name))
    found: dict[int, str] = {}
    queue = [pid]
    while queue:
        for child in children.get(queue.pop(), []):
            found[child] = Path(f"/proc/{child}/cmdline").read_bytes().replace(b"\0", b" ").decode()
            queue.append(child)
    return found
