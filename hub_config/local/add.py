"""`archive-hub local add`: a person's own NWB files into the local archive.

The user environment's Python does the looking, because pynwb lives there; this side
starts it and tells people what came of it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from hub_config.local.sample_archive import NoInterpreter, run_module

_DANDISET = re.compile(r"[0-9]{6}", re.ASCII)


class AddError(RuntimeError):
    """Files could not be added; the message is one line for the person."""


@dataclass(frozen=True)
class Added:
    """What became of one file.

    Parameters
    ----------
    file : str
        As it was named.
    outcome : str
        `added`, `present` (it was there) or `refused`.
    path : str
        The asset's path in the dandiset.
    remark : str
        Why it was refused, or what is special about it.
    """

    file: str
    outcome: str
    path: str
    remark: str

    def __str__(self) -> str:
        if self.outcome == "refused":
            return self.remark
        ending = f" ({self.remark})" if self.remark else ""
        return f"{self.file}: {self.outcome} as {self.path}{ending}"


def add_files(
    files: Sequence[Path],
    dandiset: str,
    archive: Path,
    python: Path,
    replaces: bool = False,
) -> list[Added]:
    """Add NWB files to the draft of a dandiset.

    Parameters
    ----------
    files : sequence of Path
        HDF5 files (`.nwb`) and Zarr folders (`.zarr`).
    dandiset : str
        Six digits; an unknown one is made.
    archive : Path
        Folder of the local archive.
    python : Path
        The user environment's interpreter.
    replaces : bool
        Whether a file may take the place of other content with its path.

    Returns
    -------
    list of Added
        One per file. Where a file is not NWB, none is added and the list holds the
        refusals alone.

    Raises
    ------
    AddError
        The looking itself failed: no such environment, the disk is full.
    """
    if not _DANDISET.fullmatch(dandiset):
        raise AddError(f"--dandiset: {dandiset!r} is not six digits, such as 123456")
    options = ["--replace"] if replaces else []
    named = [str(file.absolute()) for file in files]
    command = ["hub_config.local.samples.adding", *options, str(archive), dandiset]
    try:
        done = run_module(python, [*command, *named], capture=True)
    except NoInterpreter as error:
        raise AddError(str(error)) from error
    try:
        found = [Added(**json.loads(line)) for line in done.stdout.splitlines()]
    except (ValueError, TypeError):
        found = []
    if done.returncode not in (0, 1) or not found:
        last = (done.stderr.strip() or "no answer").splitlines()[-1]
        raise AddError(f"local add: {last}")
    return found


def add_command(
    files: Annotated[
        list[Path], typer.Argument(help="NWB files (.nwb) or Zarr folders (.zarr)")
    ],
    dandiset: Annotated[str, typer.Option(help="six digits; made if there is none")],
    state: Annotated[Path, typer.Option(help="state folder of the hub")] = Path(
        ".local"
    ),
    python: Annotated[
        Path, typer.Option(help="interpreter of the user environment")
    ] = Path(".envs/base/bin/python"),
    replace: Annotated[
        bool, typer.Option("--replace", help="take the place of other content")
    ] = False,
) -> None:
    """Put your own NWB files into the archive on this machine."""
    try:
        found = add_files(files, dandiset, state / "archive", python, replace)
    except AddError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error
    for added in found:
        typer.echo(str(added), err=added.outcome == "refused")
    if any(added.outcome == "refused" for added in found):
        raise typer.Exit(1)
