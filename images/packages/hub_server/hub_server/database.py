"""A database of one's own: MariaDB for one person, on the loopback address.

Tutorial 14 needs one, and a hub has none.  Its data lie in a folder of the person and
stay there; the server ends with the kernel that started it.
"""

import atexit
import fcntl
import os
import secrets
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

START_S = 60.0
# Enough for a tutorial; the defaults would take a tenth of a Tiny server.
SMALL = ["--innodb-buffer-pool-size=32M", "--innodb-log-file-size=8M"]


class NoDatabase(RuntimeError):
    """There is no MariaDB, or it does not start; the message is one line."""


@dataclass(frozen=True)
class Database:
    """A running MariaDB.

    Parameters
    ----------
    host, port
        Where it answers; on this machine only.
    user, password
        Who may ask it.
    server
        Its process.
    """

    host: str
    port: int
    user: str
    password: str
    server: subprocess.Popen[bytes]

    def stop(self) -> None:
        """Stop it; the data stay."""
        self.server.terminate()
        self.server.wait(timeout=START_S)


def own_database(folder: str | os.PathLike[str]) -> Database:
    """Start MariaDB on the data in a folder, which is made if it is not there.

    Parameters
    ----------
    folder
        Its place; one server at a time.

    Raises
    ------
    NoDatabase
        MariaDB is not installed, is in use there already, or does not start.
    """
    place = Path(folder).absolute()
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    install, daemon = _program("mariadb-install-db"), _program("mariadbd")
    as_user = ["--user=root"] if os.geteuid() == 0 else []
    password, port, log = secrets.token_hex(16), _free_port(), place / "mariadb.err"
    with _alone(place) as lock:
        if not (place / "data").exists():
            _make([install, "--no-defaults", *SMALL, *as_user], place)
        log.unlink(missing_ok=True)
        first = _first_words(place, password)
        where = [f"--port={port}", "--bind-address=127.0.0.1"]
        where += [f"--socket={_socket(port)}", f"--datadir={place / 'data'}"]
        files = [f"--init-file={first}", f"--log-error={log}"]
        server = subprocess.Popen(
            [*_with_us(), daemon, "--no-defaults", *SMALL, *as_user, *where, *files],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            # The folder is taken for as long as the server lives.
            pass_fds=[lock.fileno()],
        )
        lock.truncate(0)
        print(server.pid, file=lock, flush=True)
    database = Database("127.0.0.1", port, "root", password, server)
    # Neither a restart of the kernel nor its end leaves one behind.
    atexit.register(database.stop)
    _wait(database, log)
    return database


@contextmanager
def _alone(place: Path) -> Iterator[IO[str]]:
    with (place / "lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            raise NoDatabase(
                f"database: {place} is in use by process {lock.read().strip() or '?'}; "
                "stop the kernel that started it, or take another folder"
            ) from None
        yield lock


def _first_words(place: Path, password: str) -> Path:
    """Write what the server does before anyone may ask: a new password each time."""
    first = place / "start.sql"
    first.unlink(missing_ok=True)
    first.touch(mode=0o600)
    first.write_text(f"ALTER USER root@localhost IDENTIFIED BY '{password}';\n")
    return first


def _with_us() -> list[str]:
    """Return what makes it end with a kernel that is killed: no exit code runs then."""
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", "TERM"] if setpriv else []


def _program(name: str) -> str:
    found = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/bin")
    if found is None:
        raise NoDatabase(
            f"database: there is no {name} on this machine; install Debian's "
            "mariadb-server-core and mariadb-client-core, or use a server that is there"
        )
    return found


def _make(command: list[str], place: Path) -> None:
    # An interrupted one is no `data`, and is made anew.
    half = place / "half-made"
    shutil.rmtree(half, ignore_errors=True)
    command = [
        *command,
        f"--datadir={half}",
        "--auth-root-authentication-method=normal",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines() or ["nothing"]
        raise NoDatabase(f"database: cannot make {place}; MariaDB said {said[-1]!r}")
    half.rename(place / "data")


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


def _socket(port: int) -> Path:
    # A home's path may be longer than the 107 characters that a socket's may have.
    return Path(os.environ.get("XDG_RUNTIME_DIR", "/tmp")) / f"own-database-{port}.sock"


def _wait(database: Database, log: Path) -> None:
    deadline = time.monotonic() + START_S
    while database.server.poll() is None and time.monotonic() < deadline:
        try:
            # The port opens before the server is ready; then it speaks first.
            with socket.create_connection((database.host, database.port), 1) as probe:
                if probe.recv(1):
                    return
        except OSError:
            time.sleep(0.05)
    database.stop()
    lines = log.read_text(errors="replace").splitlines() if log.exists() else []
    errors = [line for line in lines if "[ERROR]" in line] or ["nothing"]
    raise NoDatabase(f"database: does not start; it said {errors[0]!r}; see {log}")
