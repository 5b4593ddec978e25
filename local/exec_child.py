"""Change user, bind this process to its parent's life, then become the program: the first step of every child.

A supervisor that is killed outright cannot clean up, so the kernel is asked to (PR_SET_PDEATHSIG). That has to happen
in the child; doing it here, in a program of its own, instead of in a preexec_fn keeps the supervisor, which has
threads, from running Python code between fork and exec. Credentials change first, because changing them clears the
parent-death signal. Run as: exec_child.py SIGNAL PARENT_PID UID:GID[+files]|- PROGRAM ARGS…
It imports no module of ours and runs with -I -S, so that it costs a few milliseconds.
"""

import ctypes
import os
import sys

# <linux/prctl.h>, <linux/capability.h>
PR_SET_PDEATHSIG = 1
PR_SET_KEEPCAPS = 8
PR_CAP_AMBIENT = 47
PR_CAP_AMBIENT_RAISE = 2
CAP_DAC_OVERRIDE = 1
LINUX_CAPABILITY_VERSION_3 = 0x20080522


def check(result: int, call: str) -> None:
    """The C library reports by return value."""
    if result != 0:
        raise OSError(ctypes.get_errno(), f"{call} failed")


def keep_file_access(libc: ctypes.CDLL) -> None:
    """Of root's powers keep one, to pass closed folders, and hand it on to the programs executed from here."""
    header = (ctypes.c_uint32 * 2)(LINUX_CAPABILITY_VERSION_3, 0)
    mask = 1 << CAP_DAC_OVERRIDE
    # Effective, permitted and inheritable of capabilities 0 to 31, then the same of 32 to 63.
    check(libc.capset(header, (ctypes.c_uint32 * 6)(mask, mask, mask, 0, 0, 0)), "capset")
    check(libc.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_DAC_OVERRIDE, 0, 0), "prctl(PR_CAP_AMBIENT_RAISE)")


def main(argv: list[str]) -> None:
    """Never returns: the process becomes the program."""
    death_signal, parent_pid, owner, program = int(argv[0]), int(argv[1]), argv[2], argv[3:]
    libc = ctypes.CDLL(None, use_errno=True)
    if owner != "-":
        user, plus, _ = owner.partition("+")
        if plus:
            check(libc.prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0), "prctl(PR_SET_KEEPCAPS)")
        uid, gid = (int(part) for part in user.split(":"))
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)
        if plus:
            keep_file_access(libc)
    if sys.platform == "linux":
        check(libc.prctl(PR_SET_PDEATHSIG, death_signal, 0, 0, 0), "prctl(PR_SET_PDEATHSIG)")
    # The parent may have died before the call above: then nobody would ever stop this process.
    if os.getppid() != parent_pid:
        sys.exit(f"exec_child: parent {parent_pid} has gone")
    os.execvp(program[0], program)


if __name__ == "__main__":
    main(sys.argv[1:])
