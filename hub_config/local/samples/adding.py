"""A person's own NWB files into the local archive: all that were named, or none.

``python -m hub_config.local.samples.adding ROOT DANDISET FILE...`` looks at every file
before it takes any. It prints a line of JSON per file: `file`, `outcome` (`added`,
`present`, `refused`), `path` and `remark`. ``--replace`` lets a file take the place of
another one with its path.
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

from hub_config.local.samples.ingest import (
    Place,
    asset_path,
    content_of,
    copy_in,
    put,
)
from hub_config.local.samples.looking import Description, NotNwb, describe
from hub_config.local.samples.shelf import DRAFT, DandisetRecord, Shelf, now


@dataclass(frozen=True)
class Outcome:
    """What became of one file."""

    file: str
    outcome: str
    path: str = ""
    remark: str = ""


def add(
    shelf: Shelf, dandiset: str, files: list[Path], replaces: bool
) -> list[Outcome]:
    """Add files to the draft of a dandiset.

    Parameters
    ----------
    shelf : Shelf
        The archive.
    dandiset : str
        Six digits; made if there is none.
    files : list of Path
        HDF5 files and Zarr folders.
    replaces : bool
        Whether a file may take the place of another content.

    Returns
    -------
    list of Outcome
        One per file; where one is refused, only the refusals.
    """
    described, refused = _look_at(files)
    if refused:
        return refused
    shelf.sweep()
    shelf.create_dandiset(_new_dandiset(dandiset))
    return [
        _add_one(shelf, dandiset, file, description, replaces)
        for file, description in described
    ]


def _look_at(
    files: list[Path],
) -> tuple[list[tuple[Path, Description]], list[Outcome]]:
    described, refused = [], []
    for file in files:
        try:
            if not file.exists():
                raise NotNwb(f"{file}: is not there")
            described.append((file, describe(file)))
        except (NotNwb, OSError) as error:
            line = " ".join(str(error).split())
            refused.append(Outcome(str(file), "refused", remark=line))
    return described, refused


def _add_one(
    shelf: Shelf,
    dandiset: str,
    file: Path,
    description: Description,
    replaces: bool,
) -> Outcome:
    place = Place(dandiset, asset_path(file))
    with shelf.workspace() as workspace:
        ready = workspace / file.name
        copy_in(file, ready)
        content = content_of(ready)
        asset_id = content.asset_id(place)
        with shelf.lock():
            rivals = [
                asset
                for asset in shelf.assets(dandiset)
                if asset.path == place.path and DRAFT in asset.versions
            ]
            if any(asset.asset_id == asset_id for asset in rivals):
                return Outcome(str(file), "present", place.path)
            if rivals and not replaces:
                remark = f"{file}: {place.path!r} has other content; use --replace"
                return Outcome(str(file), "refused", place.path, remark)
            put(shelf, ready, place, description, content)
            for rival in rivals:
                shelf.leave_draft(dandiset, rival)
    return Outcome(str(file), "added", place.path, description.remark)


def _new_dandiset(identifier: str) -> DandisetRecord:
    return DandisetRecord(
        identifier=identifier,
        name=f"Own files {identifier}",
        description="Files added on this machine.",
        contact_person="You",
        versions={DRAFT: now()},
    )


def main(arguments: list[str]) -> int:
    """Run as a program."""
    replaces = "--replace" in arguments
    root, dandiset, *files = [word for word in arguments if word != "--replace"]
    found = [Path(file) for file in files]
    outcomes = add(Shelf(Path(root)), dandiset, found, replaces)
    for outcome in outcomes:
        sys.stdout.write(json.dumps(asdict(outcome)) + "\n")
    return int(any(outcome.outcome == "refused" for outcome in outcomes))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
