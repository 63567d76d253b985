"""Rules about where programs and secrets come from."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from .deployment import Deployment, Path
from .findings import Fault, rule

INSTALL = re.compile(r"\b(pip3?|conda|mamba|apt-get|npm)\s+(-\S+\s+)*install\b")
MOVING = re.compile(r"latest|main|master|nightly|stable|edge", re.IGNORECASE)
SECRET_KEY = re.compile(
    r"((?<!existing)(?<!pull)secret|token|password|passwd|api_?key|private_?key|cookie_?secret)$",
    re.IGNORECASE,
)
SECRET_TEXT = re.compile(
    r"\b(gh[pousr]_\w{20,}|github_pat_\w{20,}|AKIA[0-9A-Z]{16})\b"
    r"|-----BEGIN [A-Z ]*PRIVATE"
    r"|(secret|token|password)\w*['\"]?\s*=\s*['\"][^'\"]{8,}",
    re.IGNORECASE,
)


@rule("U1")
def hub_starts_offline(d: Deployment) -> Iterator[Fault]:
    """Install nothing when the hub starts.

    A hub that needs the package index to start is down when the index is, and runs what
    was newest that minute.  Build an image.
    """
    for path, value in d.walk():
        found = INSTALL.search(value) if isinstance(value, str) else None
        if found and path[:2] in (("jupyterhub", "hub"), ("dask-gateway", "gateway")):
            yield path, f"{found[0]!r} at the start; build it into the image"


@rule("U2")
def no_secrets(d: Deployment) -> Iterator[Fault]:
    """Keep secrets out of values.

    Values are in git, in the release's Secret and in every shell that rendered them; a
    template's ${...} puts the secret in the Terraform state as well.  Refer to an
    existing Secret: hub.existingSecret, extraEnv with valueFrom.secretKeyRef.
    """
    for path, value in d.walk():
        if not isinstance(value, str) or not value or "secretKeyRef" in path:
            continue
        if SECRET_KEY.search(str(path[-1])) or SECRET_TEXT.search(value):
            yield path, "a secret in the values; refer to an existing Secret"


@rule("U3")
def no_programs(d: Deployment) -> Iterator[Fault]:
    """Keep Python in packages: one line at most in a values file.

    Code in YAML is run by no test, checked by no tool, read by nobody until it fails.
    """
    for path, value in _programs(d):
        lines = [line for line in value.splitlines() if _is_code(line)]
        if len(lines) > 1:
            text = f"{len(lines)} lines of Python; import them from a package"
            yield path, text


def _is_code(line: str) -> bool:
    return bool(line.strip()) and not line.strip().startswith("#")


def _programs(d: Deployment) -> Iterator[tuple[Path, str]]:
    for root in ("jupyterhub.hub.extraConfig", "dask-gateway.gateway.extraConfig"):
        path = tuple(root.split("."))
        code = d.get(root)
        blocks = code.items() if isinstance(code, dict) else [(None, code)]
        for key, block in blocks:
            if isinstance(block, str):
                yield (path if key is None else (*path, key)), block
    for name, file in d.table("jupyterhub.hub.extraFiles").items():
        python = isinstance(file, dict) and str(file.get("mountPath")).endswith(".py")
        if python and isinstance(file.get("stringData"), str):
            at = ("jupyterhub", "hub", "extraFiles", name, "stringData")
            yield at, file["stringData"]


@rule("U4")
def images_are_known(d: Deployment) -> Iterator[Fault]:
    """Name each image by digest, or as one that this repository builds.

    A tag can be moved: what was tested is then not what runs, and nobody can say what
    did.  A moved tag cost one operator a 14 hour outage.
    """
    ours = {image.lower() for image in d.hub.images.values()}
    for path, image in _images(d):
        tag = image.rpartition("/")[2].partition(":")[2]
        if "@sha256:" in image or any(image.lower().endswith(f"/{o}") for o in ours):
            continue
        if not tag or MOVING.search(tag):
            yield path, f"{image!r} moves; name a digest"
        else:
            yield path, f"{image!r} is neither built here nor pinned; name a digest"


@rule("U5")
def images_are_kept(d: Deployment) -> Iterator[Fault]:
    """Do not ask the registry for the image at each start.

    With Always, a registry that does not answer stops every start.  An image named by
    digest or by a tag that never moves needs no question.
    """
    for path, value in d.walk():
        if (
            path
            and path[-1] in ("pullPolicy", "image_pull_policy")
            and value == "Always"
        ):
            yield path, "each start asks the registry; set IfNotPresent"


def _images(d: Deployment) -> Iterator[tuple[Path, str]]:
    for path, value in d.walk():
        if not path:
            continue
        if path[-1] == "image" and isinstance(value, str) and value:
            yield path, value
        named = isinstance(value, dict) and isinstance(value.get("name"), str)
        if named and (path[-1] == "image" or "extraImages" in path):
            yield path, _spelt(value)


def _spelt(image: dict[str, Any]) -> str:
    tag = image.get("tag")
    return f"{image['name']}:{tag}" if tag else str(image["name"])
