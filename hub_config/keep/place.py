"""Where a hub keeps what must not be lost, and how to reach it.

One machine has a state folder.  In a cluster the same files are in the hub's pod: what
is run there is the same commands, behind ``kubectl exec``.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import IO, BinaryIO

from ..failure import Failure
from ..ledger import LEDGER_IN_POD
from ..local.state import State, StateError
from ..packing import HOMES_IN_POD

CHUNK_BYTES = 2**20
SECRETS = ("secrets.json", "cookie_secret", "people.json")
Say = Callable[[str], None]


class KeepError(Failure, RuntimeError):
    """Something could not be kept or brought back; one line says what, and what now."""


@dataclass(frozen=True)
class Place:
    """One hub's files.

    Parameters
    ----------
    name : str
        What to call it in a message.
    database, people, homes, archived : str
        JupyterHub's database, the hub's memory of people, the folder of homes and that
        of homes which retention put away; paths where `prefix` leads.
    prefix : tuple of str
        Goes before a command that shall run there.
    python : str
        The hub's interpreter, there.
    state : State, optional
        The folder of one-machine mode.
    """

    name: str
    database: str
    people: str
    homes: str
    archived: str
    prefix: tuple[str, ...] = ()
    python: str = sys.executable
    state: State | None = None

    @classmethod
    def of_state(cls, folder: Path) -> Place:
        """Return the place of one-machine mode."""
        state = State(folder)
        path = state.path
        return cls(
            name=str(path),
            database=str(path / "hub.sqlite"),
            people=str(path / "people.sqlite"),
            homes=str(path / "homes"),
            archived=str(path / "archived"),
            state=state,
        )

    @classmethod
    def of_pod(cls) -> Place:
        """Return the place of a process that runs in the hub's pod."""
        return cls(
            name="the hub's pod",
            database="/srv/jupyterhub/jupyterhub.sqlite",
            people=LEDGER_IN_POD,
            homes=HOMES_IN_POD,
            archived=f"{HOMES_IN_POD}/.archived",
        )

    @classmethod
    def of_cluster(cls, namespace: str, target: str = "deploy/hub") -> Place:
        """Return the place of a hub in the cluster that kubectl speaks to."""
        here = cls.of_pod()
        prefix = ("kubectl", f"--namespace={namespace}", "exec", "-i", target)
        return cls(
            name=f"namespace {namespace}",
            database=here.database,
            people=here.people,
            homes=here.homes,
            archived=here.archived,
            prefix=(*prefix, "--container=hub", "--"),
            python="python",
        )

    def module(self, name: str, *words: str) -> list[str]:
        """Return the command that runs a module of this package there."""
        return [*self.prefix, self.python, "-m", f"hub_config.keep.{name}", *words]

    @contextmanager
    def at_rest(self) -> Iterator[None]:
        """Hold the state, so that no hub starts on it while the block runs.

        Raises
        ------
        KeepError
            A hub runs on it, or there is no such folder.
        """
        if self.state is None:
            yield
            return
        try:
            with self.state.held():
                yield
        except StateError as error:
            raise KeepError(str(error)) from None
        except FileNotFoundError:
            raise KeepError(
                f"state {self.name}: no such folder; say where it is with --state DIR"
            ) from None


@dataclass(frozen=True)
class Piece:
    """What came out of a command: its checksum, its size, and what it complained of."""

    sha256: str
    size_bytes: int
    complaints: tuple[str, ...] = ()


def stream(
    command: list[str], out: BinaryIO | IO[bytes], allowed: tuple[int, ...] = (0,)
) -> Piece:
    """Write what a command prints into `out`.

    Raises
    ------
    KeepError
        It ended with another status than those allowed, or is not installed.
    OSError
        `out` cannot be written: the disk is full.
    """
    digest, size = sha256(), 0
    with tempfile.TemporaryFile() as told:
        with _started(command, told) as process:
            assert process.stdout is not None
            while chunk := process.stdout.read(CHUNK_BYTES):
                digest.update(chunk)
                size += out.write(chunk)
        told.seek(0)
        lines = told.read().decode(errors="replace").splitlines()
    if process.returncode not in allowed:
        raise KeepError(f"{_name(command)}: {_last(lines, process.returncode)}")
    return Piece(digest.hexdigest(), size, tuple(lines))


def feed(command: list[str], source: IO[bytes]) -> str:
    """Run a command with a file as its input, and return what it prints.

    Raises
    ------
    KeepError
        It failed.
    """
    try:
        done = subprocess.run(command, stdin=source, capture_output=True, check=False)
    except FileNotFoundError:
        raise KeepError(f"{command[0]}: not installed; install it") from None
    if done.returncode:
        lines = done.stderr.decode(errors="replace").splitlines()
        raise KeepError(f"{_name(command)}: {_last(lines, done.returncode)}")
    return done.stdout.decode(errors="replace")


@contextmanager
def _started(command: list[str], told: IO[bytes]) -> Iterator[subprocess.Popen[bytes]]:
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=told,
            env=_plain(),
        )
    except FileNotFoundError:
        raise KeepError(f"{command[0]}: not installed; install it") from None
    with process:
        try:
            yield process
        except BaseException:
            process.kill()
            raise


def _plain() -> dict[str, str]:
    """Return the environment with messages in English: some are told on."""
    return os.environ | {"LC_ALL": "C"}


def _name(command: list[str]) -> str:
    module = command.index("-m") + 1 if "-m" in command else 0
    return command[module].rsplit(".", 1)[-1]


def _last(lines: list[str], status: int | None) -> str:
    kubectl = "command terminated with exit code"
    told = [line for line in lines if line.strip() and not line.startswith(kubectl)]
    return told[-1].strip() if told else f"ended with status {status}"
