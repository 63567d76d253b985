"""Runs the tests of `archive_data` in the users' environment.

``python images/packages/archive_data/check.py [arguments of pytest]``.  The users'
environment has no pytest; it is put beside it, from the hub's lock, into
``.envs/test-tools``.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
TOOLS = ROOT / ".envs/test-tools"
PYTHON = ROOT / ".envs/base/bin/python"
NAMES = {
    "execnet",
    "hypothesis",
    "iniconfig",
    "pluggy",
    "pytest",
    "pytest-timeout",
    "pytest-xdist",
    "sortedcontainers",
}


def install() -> None:
    """Put the tools into their folder, with the lock's versions and hashes."""
    lock = (ROOT / ".ci/requirements.lock").read_text()
    entries = re.findall(r"^[\w.-]+==.*?(?=^[\w.-]|\Z)", lock, re.MULTILINE | re.DOTALL)
    wanted = [entry for entry in entries if entry.partition("==")[0] in NAMES]
    made_from = TOOLS / ".made-from"
    if made_from.exists() and made_from.read_text() == "".join(wanted):
        return
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
        file.write("".join(wanted))
        file.flush()
        command = [ROOT / ".venv/bin/uv", "pip", "install", "--quiet", "--no-deps"]
        command += ["--require-hashes", "--python", PYTHON, "--target", TOOLS]
        subprocess.run([*command, "-r", file.name], check=True)
    made_from.write_text("".join(wanted))


def main() -> int:
    """Run pytest."""
    if not PYTHON.exists():
        sys.exit(f"check.py: {PYTHON} is not there; run `archive-hub local prepare`")
    install()
    path = os.pathsep.join([str(TOOLS), str(HERE / "src")])
    command = [PYTHON, "-m", "pytest", *sys.argv[1:]]
    environment = {**os.environ, "PYTHONPATH": path}
    return subprocess.run(command, cwd=HERE, env=environment).returncode


if __name__ == "__main__":
    sys.exit(main())
