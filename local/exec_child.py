"""Bind this process to its parent's life, drop privileges, then become the program: the first step of every child.

A supervisor that is killed outright cannot clean up, so the kernel is asked to (PR_SET_PDEATHSIG). That has to happen
in the child; doing it here, in a program of its own, instead of in a preexec_fn keeps the supervisor, which has
threads, from running Python code between fork and exec. Credentials change first, because changing them clears the
parent-death signal. Run as: exec_child.py SIGNAL PARENT_PID UID:GID|- PROGRAM ARGS…
It imports no module of ours and runs with -I -S, so that it costs a few milliseconds.
"""

import ctypes
import os
import sys

PR_SET_PDEATHSIG = 1  # <linux/prctl.h>


def main(argv: list[str]) -> None:
    """Never returns: the process becomes the program."""
    death_signal, parent_pid, owner, program = int(argv[0]), int(argv[1]), argv[2], argv[3:]
    if owner != "-":
        uid, gid = (int(part) for part in owner.split(":"))
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.prctl(PR_SET_PDEATHSIG, death_signal, 0, 0, 0) != 0:
            raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG) failed")
    # The parent may have died before the call above: then nobody would ever stop this process.
    if os.getppid() != parent_pid:
        sys.exit(f"exec_child: parent {parent_pid} has gone")
    os.execvp(program[0], program)


if __name__ == "__main__":
    main(sys.argv[1:])
