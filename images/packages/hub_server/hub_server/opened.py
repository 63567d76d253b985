"""Makes the notebook with which a person begins to work on one asset.

``python -m hub_server.opened FOLDER ASSET [PATH]`` asks the archive for the asset, puts
a notebook that reads it into FOLDER, and prints JSON: ``{"notebook": NAME}``, or
``{"status": 404, "reason": SENTENCE}`` where there is nothing to read.  A process of
its own: the reader of the archive would cost every idle server 35 MB.

A notebook says in its metadata which asset it is of.  One that is of this asset is
returned as it is, whatever the person has made of it; a name that is taken by anything
else is left alone, and a number is added.
"""

import itertools
import json
import os
import re
import sys
from pathlib import Path
from typing import Any

from archive_data import Asset, open_asset
from archive_data.errors import (
    AccessDenied,
    ArchiveDataError,
    ArchiveUnreachable,
    UnknownReference,
)
from archive_data.references import OnDisk, parse

KEY = "archive_hub"
NAME_MAX = 100
HDF5 = {".h5", ".hdf5"}
STATUS = {UnknownReference: 400, AccessDenied: 403, ArchiveUnreachable: 503}

INTRODUCTION = """# {name}

Of {reference}. Run the cells from top to bottom. Nothing is downloaded: a cell reads
what it asks for, from where it lies.
"""
READ = "from archive_data import {call}\n\n{variable} = {call}({arguments})\n{variable}"
WIDGETS = "from nwbwidgets import nwb2widget\n\nnwb2widget(nwb)"


def open_in(folder: Path, reference: str, path: str | None = None) -> Path:
    """Return a notebook of `folder` that reads an asset; make it if there is none.

    Parameters
    ----------
    folder
        Made if need be.
    reference, path
        As of `archive_data.open_asset`.

    Raises
    ------
    ArchiveDataError
        There is no such asset, or it cannot be asked for, or not be read.
    OSError
        The folder takes no file.
    """
    if isinstance(place := parse(reference, path), OnDisk):
        # The notebook runs in its own folder.
        reference = str(place.path.expanduser().absolute())
    asset = open_asset(reference, path)
    if asset.is_embargoed and not asset.is_zarr:
        _ = asset.blob  # refuses who has no key
    arguments = [reference] if path is None else [reference, path]
    folder.mkdir(parents=True, exist_ok=True)
    content = json.dumps(notebook(asset, arguments), indent=1, ensure_ascii=False)
    return _put(folder, stem(asset.path), arguments, content)


def stem(path: str) -> str:
    """Return a file name, without its ending, for an asset at `path`."""
    name = path.rstrip("/").rpartition("/")[2]
    for ending in (".zarr", ".nwb"):
        name = name.removesuffix(ending)
    return re.sub(r"[^\w.+=@-]", "-", name).strip(".-")[:NAME_MAX] or "asset"


def notebook(asset: Asset, arguments: list[str]) -> dict[str, Any]:
    """Return a notebook of format 4 that reads `asset`.

    Parameters
    ----------
    asset
        What is read.
    arguments
        With which `archive_data` finds it: a reference, and a path if it needs one.
    """
    call, variable = _call(asset)
    told = ", ".join(map(repr, arguments))
    introduction = INTRODUCTION.format(
        name=asset.path.rpartition("/")[2] or asset.path,
        reference=", ".join(f"`{part}`" for part in arguments),
    )
    codes = [READ.format(call=call, variable=variable, arguments=told)]
    if call == "open_nwb":
        codes.append(WIDGETS)
    cells = [_cell("markdown", 0, introduction)]
    for number, code in enumerate(codes, 1):
        empty = {"execution_count": None, "outputs": []}
        cells.append(_cell("code", number, code) | empty)
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    metadata = {"kernelspec": kernel, KEY: {"asset": arguments}}
    return {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}


def _cell(kind: str, number: int, source: str) -> dict[str, Any]:
    return {"cell_type": kind, "id": f"{number}", "metadata": {}, "source": source}


def _call(asset: Asset) -> tuple[str, str]:
    """Return the function that opens such an asset, and a name for what it returns."""
    ending = Path(asset.path).suffix.lower()
    if asset.is_zarr or ending in {".nwb", ""}:
        return "open_nwb", "nwb"
    return ("open_h5", "file") if ending in HDF5 else ("open_file", "file")


def _put(folder: Path, name: str, arguments: list[str], content: str) -> Path:
    for number in itertools.count(1):
        goal = folder / f"{name}{f'-{number}' if number > 1 else ''}.ipynb"
        if _of(goal) == arguments:
            return goal
        try:
            handle = os.open(goal, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
        except FileExistsError:
            continue
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(content)
        except OSError:
            goal.unlink(missing_ok=True)  # a full home leaves no half notebook
            raise
        return goal
    raise AssertionError("numbers do not end")


def _of(place: Path) -> Any:
    """Return which asset a notebook is of; None for whatever else lies there."""
    try:
        return json.loads(place.read_text("utf-8"))["metadata"][KEY]["asset"]
    except (OSError, ValueError, KeyError, TypeError):
        return None


def main() -> None:
    """Make the notebook that the command line asks for; print JSON."""
    folder, reference, *path = sys.argv[1:]
    try:
        made = open_in(Path(folder), reference, *path)
        answer: dict[str, Any] = {"notebook": made.name}
    except ArchiveDataError as error:
        known = (code for kind, code in STATUS.items() if isinstance(error, kind))
        answer = {"status": next(known, 404), "reason": str(error)}
    except OSError as error:
        answer = {"status": 507, "reason": f"The notebook was not written: {error}"}
    json.dump(answer, sys.stdout)


if __name__ == "__main__":
    main()
