"""A person's own packages: a thin environment on the home, above the image's.

Python's user site does not serve here.  In a virtual environment, which the image's is,
pip refuses ``--user``; and one user site would be shared by every version of the image.
So each version gets a folder of its own on the home: an environment of a few small
files whose last place to look for modules is the image's.  `pip` installs there without
being told, finds what the image has, and cannot remove it.  Only kernels and terminals
use it: the server keeps to the image's environment.
"""

import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path

from hub_server.environment import home_dir
from hub_server.tutorials import write

FOLDER = ".archive-env"
PIP = """#!/bin/sh
# Installs into this environment whatever the name pip is called by.
exec "$(dirname "$0")/python" -m pip "$@"
"""

CONDA = """#!/bin/sh
cat >&2 <<END
There is no ${0##*/} here: this image was made with pip. Use %pip install NAME in a
notebook; it lasts, and 'archive-env reset' in a terminal undoes it.
END
exit 1
"""


def env_dir(environ: Mapping[str, str]) -> Path:
    """Return the folder of the person's packages for this version of the image."""
    image = environ.get("ARCHIVE_HUB_IMAGE", "")
    # A reference is NAME:TAG, NAME@sha256:DIGEST or NAME:TAG@sha256:DIGEST.
    name, _, digest = image.partition("@")
    tag = (
        name.rsplit("/", 1)[-1].partition(":")[2] or digest.removeprefix("sha256:")[:12]
    )
    version = re.sub(r"[^A-Za-z0-9._-]", "-", tag) or "local"
    return home_dir(environ) / FOLDER / f"{version}-py{_python_version()}"


def site_dir(env: Path) -> Path:
    """Return where the packages of `env` lie."""
    return env / "lib" / f"python{_python_version()}" / "site-packages"


def _python_version() -> str:
    return f"{sys.version_info.major}.{sys.version_info.minor}"


def make(env: Path, base: Path) -> None:
    """Make the environment, or bring it up to date; installed packages stay.

    Parameters
    ----------
    env
        Its folder.
    base
        Prefix of the environment below it.

    Raises
    ------
    OSError
        The home takes no files.
    """
    interpreter = os.path.realpath(getattr(sys, "_base_executable", sys.executable))
    settings = (
        f"home = {os.path.dirname(interpreter)}\n"
        "include-system-site-packages = false\n"
        f"version = {_python_version()}\n"
    )
    # Read after the person's packages, so theirs come first.
    below = f"import site; site.addsitedir({str(site_dir(base))!r})\n"
    _write_if_other(env / "pyvenv.cfg", settings)
    _write_if_other(site_dir(env) / "_image.pth", below)
    scripts = {"pip": PIP, "pip3": PIP, "conda": CONDA, "mamba": CONDA}
    for name, text in scripts.items():
        _write_if_other(env / "bin" / name, text)
        (env / "bin" / name).chmod(0o755)
    for name in ("python", "python3", f"python{_python_version()}"):
        _link(env / "bin" / name, interpreter)


def _write_if_other(path: Path, text: str) -> None:
    if not path.is_file() or path.read_text() != text:
        write(path, text.encode())


def _link(path: Path, goal: str) -> None:
    if path.is_symlink() and os.readlink(path) == goal:
        return
    path.unlink(missing_ok=True)
    path.symlink_to(goal)


def kernel_environ(env: Path, base: Path, environ: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that a kernel or a terminal needs to live in `env`.

    Parameters
    ----------
    env
        The person's environment.
    base
        Prefix of the environment below it; its commands stay in reach.
    environ
        The server's variables.
    """
    path = [str(env / "bin"), str(base / "bin"), environ.get("PATH", os.defpath)]
    jupyter = [*environ.get("JUPYTER_PATH", "").split(os.pathsep)]
    shared = [part for part in [*jupyter, str(base / "share" / "jupyter")] if part]
    return {
        "VIRTUAL_ENV": str(env),
        "PATH": os.pathsep.join(path),
        "JUPYTER_PATH": os.pathsep.join(shared),
    }
