"""A command whose output may be lost: a full disk must not stop it.

Node ends a program that cannot write a line, and the proxy is such a program.  So it
writes into a pipe, and a process beside it carries the lines on and drops what does not
fit.  The command keeps its process number, and the process beside it ends with it.
"""

from __future__ import annotations

import os
import signal
import sys
from contextlib import suppress

# Goes before a command: `python -m hub_config.local.lossy COMMAND...`
LOSSY = [sys.executable, "-m", "hub_config.local.lossy"]
_CHUNK = 65536


def carry(source: int, target: int) -> None:
    """Copy one descriptor to another until its end; drop what cannot be written."""
    while chunk := os.read(source, _CHUNK):
        with suppress(OSError):
            while chunk:
                chunk = chunk[os.write(target, chunk) :]


def _become(command: list[str]) -> None:
    source, target = os.pipe()
    if os.fork() == 0:
        os.close(target)
        # Whoever stops the command stops it first: its last words are carried, too.
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        carry(source, 1)
        os._exit(0)
    os.close(source)
    for stream in (1, 2):
        os.dup2(target, stream)
    os.close(target)
    os.execvp(command[0], command)


if __name__ == "__main__":
    _become(sys.argv[1:])
