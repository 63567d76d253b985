"""The state folder of one-machine mode: what outlives a restart, and who holds it.

::

    .local/                 0700
        lock                held by the launcher while it runs
        secrets.json        0600, made once
        run.json            0600, who runs and on which ports; gone after a clean stop
        hub.sqlite          JupyterHub's database
        people.sqlite       what the hub remembers about people
        gateway.sqlite      0600, Dask clusters; their keys and tokens are encrypted
        archive/            the sample archive: objects and catalogue
        homes/gh-NUMBER/    one folder a person
        archived/           homes that nobody used, one file each
        scratch/gh-NUMBER/  caches; may be deleted at any time
        logs/
"""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ..failure import Failure
from .process import Identity

MIN_FREE_BYTES = 200 * 2**20
FOLDERS = ("homes", "scratch", "logs", "archive", "dask")
SECRETS = (
    "crypt_key",
    "proxy_token",
    "github_client_id",
    "github_client_secret",
    "archive_token",
    "control_token",
    "gateway_key",
    "gateway_token",
    "gateway_proxy_token",
)
PORTS = (
    "hub",
    "proxy_api",
    "standins",
    "storage",
    "gateway_api",
    "gateway_proxy",
    "gateway_tcp",
)


class StateError(Failure, RuntimeError):
    """The state folder cannot be used as asked."""


@dataclass(frozen=True)
class Run:
    """One running hub: who it is and where it listens.

    Attributes
    ----------
    launcher : Identity
        The process to signal.
    port : int
        The one that people use.
    ports : dict of str to int
        The inner ones, by `PORTS`.
    latency_ms : float
        What the S3 stand-in adds to each request.
    github : bool
        True with the real GitHub and the real archive.
    """

    launcher: Identity
    port: int
    ports: dict[str, int]
    latency_ms: float = 0
    github: bool = False

    @property
    def url(self) -> str:
        """Where a browser finds the hub."""
        return f"http://127.0.0.1:{self.port}"

    def inner(self, name: str) -> str:
        """Return the loopback address of an inner part."""
        return f"http://127.0.0.1:{self.ports[name]}"


class State:
    """The folder, whether or not a hub runs on it."""

    def __init__(self, path: Path) -> None:
        self.path = path.expanduser().resolve()

    @property
    def limit_prefix(self) -> str:
        """A name for this state's limits that no other state uses."""
        return f"archive-hub-{self.path.stat().st_ino:x}"

    def make(self) -> None:
        """Make the folder and its secrets, if they are not there.

        Raises
        ------
        StateError
            It cannot be written, or the disk is nearly full.
        """
        try:
            for folder in (self.path, *(self.path / name for name in FOLDERS)):
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.path.chmod(0o700)
            free = shutil.disk_usage(self.path).free
        except OSError as error:
            raise StateError(
                f"state {self.path}: {error.strerror}; choose another with --state DIR"
            ) from None
        if free < MIN_FREE_BYTES:
            raise StateError(
                f"state {self.path}: {free >> 20} MiB free, needs "
                f"{MIN_FREE_BYTES >> 20}; make room or choose another with --state DIR"
            )
        there = (self.path / "secrets.json").exists()
        kept = self._read("secrets.json") if there else {}
        # A state of an earlier version lacks some; a damaged file is left alone.
        if kept is not None and not set(SECRETS) <= set(kept):
            made = {name: secrets.token_hex(32) for name in SECRETS}
            self._write("secrets.json", made | kept)

    def secrets(self) -> dict[str, str]:
        """Return the secrets; a damaged file is never replaced silently."""
        found = self._read("secrets.json")
        if found is None or not set(SECRETS) <= set(found):
            raise StateError(
                f"state {self.path}: secrets.json is damaged or missing; "
                "restore it, or start afresh with `archive-hub local reset`"
            )
        return {name: str(value) for name, value in found.items()}

    def run(self) -> Run | None:
        """Return the hub that runs on this state, if one does."""
        found = self._read("run.json")
        if found is None:
            return None
        try:
            launcher = Identity(**found.pop("launcher"))
            run = Run(launcher=launcher, **found)
        except (KeyError, TypeError):
            return None
        return run if run.launcher.alive() else None

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold the state while the block runs.

        Raises
        ------
        StateError
            Another launcher holds it.
        """
        with (self.path / "lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                other = self.run()
                where = f" at {other.url}" if other else ""
                raise StateError(
                    f"state {self.path}: a hub already runs on it{where}; "
                    "stop it with `archive-hub local down`, or use another --state DIR"
                ) from None
            try:
                yield
            finally:
                (self.path / "run.json").unlink(missing_ok=True)

    def begin(self, port: int, latency_ms: float = 0, github: bool = False) -> Run:
        """Choose ports and write down who runs; port 0 takes a free one.

        Raises
        ------
        StateError
            `port` is taken.
        """
        port = port or _free_ports(1)[0]
        _require_free(port)
        launcher = Identity.of(os.getpid())
        assert launcher is not None
        ports = dict(zip(PORTS, _free_ports(len(PORTS)), strict=True))
        run = Run(launcher, port, ports, latency_ms, github)
        self._write("run.json", asdict(run))
        return run

    def _read(self, name: str) -> dict[str, Any] | None:
        try:
            found = json.loads((self.path / name).read_text())
        except (OSError, ValueError):
            return None
        return found if isinstance(found, dict) else None

    def _write(self, name: str, content: object) -> None:
        """Write a private file, whole or not at all."""
        draft = self.path / f".{name}.{os.getpid()}"
        try:
            descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "w") as file:
                json.dump(content, file, indent=1)
            draft.replace(self.path / name)
        except OSError as error:
            draft.unlink(missing_ok=True)
            raise StateError(
                f"state {self.path}: cannot write {name}: {error.strerror}"
            ) from None


def _require_free(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except (OSError, OverflowError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise StateError(
                f"port {port}: {reason.lower()}; choose another with --port N"
            ) from None


def _free_ports(count: int) -> list[int]:
    held = [socket.socket() for _ in range(count)]
    try:
        for one in held:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in held]
    finally:
        for one in held:
            one.close()
