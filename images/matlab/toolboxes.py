"""Fetches MATLAB's toolboxes, each at its commit: ``toolboxes.py LIST TARGET``.

TARGET gets a folder for each, its licence included, and ``inventory.json`` for the
image's bill of materials.
"""

import json
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path


def git(folder: Path, *words: str) -> str:
    """Run git in a folder and return what it says; its complaints go to the log."""
    line = ["git", "-C", str(folder), *words]
    return subprocess.run(line, check=True, stdout=subprocess.PIPE, text=True).stdout


def fetch(folder: Path, repository: str, commit: str, without: list[str]) -> None:
    """Put the files of one commit into a folder.

    Parameters
    ----------
    folder
        Is made.
    repository
        Address for git.
    commit
        All 40 digits: the checksum of everything below it.
    without
        Folders to leave out.
    """
    folder.mkdir(parents=True)
    git(folder, "init", "--quiet")
    git(folder, "fetch", "--quiet", "--depth", "1", repository, commit)
    git(folder, "checkout", "--quiet", "--detach", commit)
    shutil.rmtree(folder / ".git")
    for name in without:
        shutil.rmtree(folder / name)


def main() -> None:
    """Fetch what the list names."""
    source, target = Path(sys.argv[1]), Path(sys.argv[2])
    rows = []
    for name, one in tomllib.loads(source.read_text()).items():
        fetch(target / name, one["repository"], one["commit"], one["without"])
        rows.append([name, f"{one['version']}+{one['commit'][:12]}"])
    (target / "inventory.json").write_text(json.dumps(rows))


if __name__ == "__main__":
    main()
