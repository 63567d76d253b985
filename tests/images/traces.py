"""What a built image must not have of the machine that built it.

`traces` looks through an image's root and returns what it found, a line each.
"""

import os
import re
from collections.abc import Iterator
from pathlib import Path

# Where only an image's own, known files may be.
EMPTY = ("root", "run/secrets", "var/lib/apt/lists", "var/cache/apt", "tmp", "wheels")
SKELETON = {".bashrc", ".profile", ".bash_logout"}
# Files of people and of builds that carry passwords, tokens or addresses of indexes.
CARRIERS = re.compile(
    r"(pip\.conf|\.pypirc|\.npmrc|uv\.toml|\.netrc|\.git-credentials|\.env"
    r"|id_(rsa|ed25519)|\.docker/config\.json|\.aws/credentials|sudo|sudoers)$"
)
KEYS = (".pem", ".key", ".crt")
KEY = re.compile(
    rb"-----BEGIN "
    rb"([A-Z]+ )?PRIVATE KEY-----\s+[A-Za-z0-9+/=]{40}"
)
CERTIFICATE = re.compile(
    r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", re.DOTALL
)


def certificates(text: str) -> set[str]:
    """Return the certificates of a bundle, without line breaks."""
    return {"".join(one.split()) for one in CERTIFICATE.findall(text)}


def traces(root: Path, host_name: str, own_certificates: set[str]) -> list[str]:
    """Return what an image has of its builder.

    Parameters
    ----------
    root
        The image's file system.
    host_name
        Of the machine.
    own_certificates
        That the machine trusts and Debian does not.
    """
    return [
        *_of_the_network(root),
        *_left_behind(root),
        *_carriers(root),
        *_of_the_machine(root, host_name, own_certificates),
    ]


def _of_the_network(root: Path) -> Iterator[str]:
    for name in ("etc/resolv.conf", "etc/hostname", "etc/hosts"):
        file = root / name
        if file.is_file() and (text := file.read_text().strip()):
            yield f"{name}: {text[:60]!r}"


def _left_behind(root: Path) -> Iterator[str]:
    for folder in (*EMPTY, "home"):
        names = {file.name for file in (root / folder).rglob("*") if file.is_file()}
        for name in sorted(names - SKELETON):
            yield f"{folder}: {name}"


def _carriers(root: Path) -> Iterator[str]:
    for folder, folders, names in os.walk(root):
        if folder == str(root):
            folders[:] = [one for one in folders if one not in ("proc", "sys", "dev")]
        for file in (Path(folder, name) for name in names):
            name = file.relative_to(root).as_posix()
            if CARRIERS.search(name) and "bash-completion" not in name:
                yield f"{name}: such a file carries secrets or rights"
            elif _may_be_key(file) and KEY.search(file.read_bytes()):
                yield f"{name}: a private key"


def _may_be_key(file: Path) -> bool:
    # Those of packages' own tests are known to everybody.
    return file.suffix in KEYS and _plain(file) and "site-packages" not in file.parts


def _of_the_machine(root: Path, host_name: str, own: set[str]) -> Iterator[str]:
    # A short name is a word that Debian's files hold too.
    named = re.compile(rf"\b{re.escape(host_name)}\b") if len(host_name) > 3 else None
    for file in filter(_plain, (root / "etc").rglob("*")):
        name, text = file.relative_to(root), file.read_text(errors="replace")
        if named and named.search(text):
            yield f"{name}: names {host_name}"
        if own & certificates(text):
            yield f"{name}: a certificate of the machine"


def _plain(file: Path) -> bool:
    return file.is_file() and not file.is_symlink()
