"""Keeps a function away from what is its user's: files, and the processes that he runs.

On Linux from 5.13 on a process may give up rights for itself and all that it starts (Landlock). A
function here gives up all files but the system's, its own and /tmp, and every look into another
process. Nothing has to be root for that, and no container is needed. Elsewhere it keeps its rights.
https://docs.kernel.org/userspace-api/landlock.html

It stands at the head of a Python function's worker and is a program for other runtimes:
`python confinement.py ROOTS COMMAND...`. So it imports nothing of ours.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

_CREATE, _ADD, _RESTRICT = 444, 445, 446  # system calls, of the same number on every processor
_NO_NEW_PRIVILEGES = 38
_CAPABILITIES = 0x20080522
_READ = 1 << 0 | 1 << 2 | 1 << 3  # execute, read a file, read a folder
_OF_FILES = 1 << 0 | 1 << 1 | 1 << 2 | 1 << 14  # what a rule for a single file may hold
_SIGNALS = 1 << 1


def _abi() -> int:
    """The version of Landlock that the system has; 0 for none."""
    if not sys.platform.startswith("linux"):
        return 0
    try:
        import ctypes

        return max(0, int(ctypes.CDLL(None).syscall(_CREATE, None, 0, 1)))
    except (ImportError, OSError, AttributeError):
        return 0


def available() -> bool:
    """Whether functions are confined on this system."""
    return _abi() > 0


def confine(readable: list[str], writable: list[str]) -> bool:
    """Give up all files but those below these paths; False where the system can't do that."""
    abi = _abi()
    if not abi:
        return False
    import ctypes

    every = (1 << 13) - 1  # of the first version: read, write, make and remove
    for version, right in ((2, 1 << 13), (3, 1 << 14)):  # move elsewhere, truncate
        every |= right if abi >= version else 0
    libc = ctypes.CDLL(None, use_errno=True)
    # struct landlock_ruleset_attr: of files, of the network, of other processes
    wanted = (ctypes.c_uint64 * 3)(every, 0, _SIGNALS if abi >= 6 else 0)
    size = 24 if abi >= 6 else 16 if abi >= 4 else 8
    rules = libc.syscall(_CREATE, wanted, size, 0)
    if rules < 0:
        return False
    for paths, rights in ((readable, _READ), (writable, every)):
        for path in paths:
            try:
                opened = os.open(path, os.O_PATH | os.O_CLOEXEC)
            except OSError:
                continue
            allowed = rights if Path(path).is_dir() else rights & _OF_FILES & every
            # struct landlock_path_beneath_attr, packed
            rule = ctypes.create_string_buffer(
                allowed.to_bytes(8, sys.byteorder) + opened.to_bytes(4, sys.byteorder, signed=True)
            )
            libc.syscall(_ADD, rules, 1, rule, 0)
            os.close(opened)
    libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    # Root's capabilities: one of them (CAP_PERFMON) looks into other processes all the same.
    # struct __user_cap_header_struct, and __user_cap_data_struct twice
    libc.capset((ctypes.c_uint32 * 2)(_CAPABILITIES, 0), (ctypes.c_uint32 * 6)())
    done = int(libc.syscall(_RESTRICT, rules, 0))
    os.close(rules)
    return done == 0


def _main() -> None:
    roots, command = json.loads(sys.argv[1]), sys.argv[2:]
    confine(roots["readable"], [*roots["writable"], str(Path.cwd())])
    os.execvp(command[0], command)  # noqa: S606


if __name__ == "__main__" and len(sys.argv) > 2:
    _main()
