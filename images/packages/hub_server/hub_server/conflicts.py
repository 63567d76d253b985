"""Names, in a sentence, where a person's packages break the image's.

``python -m hub_server.conflicts ENV BASE`` prints JSON: a list of sentences.  It reads
the metadata of some 400 packages, so the server asks a process of its own.
"""

import json
import sys
from collections.abc import Iterable
from importlib.metadata import Distribution, distributions
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion

from hub_server.packages import site_dir

UNDO = "`archive-env reset` in a terminal undoes all of yours"


def installed(folder: Path) -> dict[str, Distribution]:
    """Return the packages in a folder, by normalised name."""
    found: dict[str, Distribution] = {}
    for package in distributions(path=[str(folder)]):
        name = package.metadata["Name"]
        if name:
            found[canonicalize_name(name)] = package
    return found


def conflicts(
    mine: dict[str, Distribution], image: dict[str, Distribution]
) -> list[str]:
    """Return a sentence for each package of the image that one of `mine` breaks.

    Parameters
    ----------
    mine
        The person's packages.
    image
        The image's; only those that still count, i.e. that `mine` does not replace, are
        asked what they need.
    """
    sentences = []
    for name, package in sorted(image.items()):
        if name in mine:
            continue
        for need in _needs(package):
            yours = mine.get(canonicalize_name(need.name))
            if yours is not None and _breaks(yours, need):
                sentences.append(_sentence(yours, image, package, need))
    return sentences


def _needs(package: Distribution) -> Iterable[Requirement]:
    for text in package.requires or []:
        try:
            need = Requirement(text)
        except InvalidRequirement:
            continue
        if need.marker is None or need.marker.evaluate({"extra": ""}):
            yield need


def _breaks(package: Distribution, need: Requirement) -> bool:
    try:
        return not need.specifier.contains(package.version, prereleases=True)
    except InvalidVersion:
        return False


def _sentence(
    yours: Distribution,
    image: dict[str, Distribution],
    package: Distribution,
    need: Requirement,
) -> str:
    name = yours.metadata["Name"]
    theirs = image.get(canonicalize_name(name))
    instead = f" instead of the image's {theirs.version}" if theirs else ""
    whose = f"{package.metadata['Name']} {package.version}"
    return (
        f"You installed {name} {yours.version}{instead}, but {whose} needs "
        f"{need.name}{need.specifier}: {UNDO}."
    )


def main() -> None:
    """Print the sentences for the environments named on the command line."""
    env, base = (Path(part) for part in sys.argv[1:])
    found = conflicts(installed(site_dir(env)), installed(site_dir(base)))
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()
