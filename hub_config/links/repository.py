"""Links to a notebook in somebody's git repository."""

from __future__ import annotations

import re
from urllib.parse import urlencode

from .address import LinkRefused, checked_path, take_apart

_PATH = re.compile(r"[\w(),& #+~=@.-][\w(),& #+~=@./-]{0,511}")
_BRANCH = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_./-]{0,199}")
_HERE = ("127.0.0.1", "localhost")


def read_repository(repo: str, branch: str, path: str) -> str:
    """Read a link to a notebook in a git repository.

    Parameters
    ----------
    repo : str
        ``https://…`` of a repository that anybody may read.
    branch : str
        Empty: the repository's default.
    path : str
        Of the notebook, or of a folder, in it; empty: the repository itself.

    Returns
    -------
    str
        What to ask of the person's own server: nbgitpuller's address, without a slash
        in front.

    Raises
    ------
    LinkRefused
        It is no such link.
    """
    parts = take_apart(repo)
    at_home = parts.scheme == "http" and parts.hostname in _HERE
    if not (parts.scheme == "https" or at_home) or not parts.hostname:
        raise LinkRefused(
            "This link leads to no git repository that this hub fetches. It wants an "
            "address that begins with https://."
        )
    name = parts.path.rstrip("/").rsplit("/", 1)[-1].removesuffix(".git")
    # It becomes a folder of the home: never one that programs read settings from.
    if parts.query or parts.fragment or not re.fullmatch(r"\w[\w.-]*", name):
        raise LinkRefused("The address in this link does not end in a repository.")
    if branch and (not _BRANCH.fullmatch(branch) or ".." in branch):
        raise LinkRefused(f"There can be no branch {branch[:60]!r} in a repository.")
    inside = f"/{checked_path(path.strip('/'), _PATH)}" if path.strip("/") else ""
    asked = {
        "repo": repo,
        "targetpath": name,
        "urlpath": f"lab/tree/{name}{inside}",
    }
    if branch:
        asked["branch"] = branch
    return f"git-pull?{urlencode(asked)}"
