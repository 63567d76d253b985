"""Waits on a Unix socket; runs the app while somebody looks, and again if it died.

``python -m archive_explorer SOCKET [IDLE_S]``.  jupyter-server-proxy starts a command
once, so this process stays, and costs little; the app, which costs a hundred megabytes,
ends when nobody has asked it anything for a while.
"""

import os
import select
import signal
import socket
import subprocess
import sys
import time
from typing import NoReturn

LOOK_EVERY_S = 5.0
AGAIN_AFTER_S = 1.0
IDLE_S = "600"


def bound(path: str) -> socket.socket:
    """Return a socket at `path` that only its owner can reach."""
    os.umask(0o077)
    if os.path.exists(path):
        os.unlink(path)
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(path)
    listening.listen(64)
    return listening


def serve(listening: socket.socket, idle_s: str) -> None:
    """Start the app whenever there is a question, until the server above is gone."""
    parent = os.getppid()
    command = [sys.executable, "-s", "-P", "-m", "archive_explorer.app"]
    place = str(listening.fileno())
    while os.getppid() == parent:
        asked, _, _ = select.select([listening], [], [], LOOK_EVERY_S)
        if not asked:
            continue
        app = subprocess.Popen([*command, place, idle_s], pass_fds=[listening.fileno()])
        try:
            while app.poll() is None and os.getppid() == parent:
                time.sleep(0.2)
        finally:
            app.terminate()
        if app.wait() != 0:
            time.sleep(AGAIN_AFTER_S)


def main() -> None:
    """Run until told to stop."""

    def stop(*_: object) -> NoReturn:
        sys.exit(0)

    signal.signal(signal.SIGTERM, stop)
    path, idle_s = [*sys.argv[1:], IDLE_S][:2]
    serve(bound(path), idle_s)


if __name__ == "__main__":
    main()
