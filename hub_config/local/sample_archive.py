"""The sample archive: made once by the user environment's Python, then placed.

It is made in a folder of its own that the makers' sources name, so that every state
folder and every test shares one; placing it costs a hard link per object.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from hub_config.local.samples.shelf import Shelf

from ..failure import Failure

_PACKAGES = Path(__file__).parents[2]
_MAKERS = Path(__file__).parent / "samples"


class SamplesError(Failure, RuntimeError):
    """The sample archive could not be made; the message is one line."""


class NoInterpreter(Failure, RuntimeError):
    """There is no such user environment; the message is one line."""


def samples_folder(environments: Path) -> Path:
    """Name the folder of a sample archive that these makers made.

    Parameters
    ----------
    environments : Path
        `.envs`.

    Returns
    -------
    Path
        It changes with the makers' sources, so an old archive is never taken for new.
    """
    sources = hashlib.sha256()
    for source in sorted(_MAKERS.glob("*.py")):
        sources.update(source.name.encode() + source.read_bytes())
    return environments / f"samples-{sources.hexdigest()[:12]}"


def make_samples(archive: Path, python: Path) -> None:
    """Make what is missing of the sample archive, with a bar of progress.

    Parameters
    ----------
    archive : Path
        Folder of the local archive.
    python : Path
        The user environment's interpreter.

    Raises
    ------
    SamplesError
        The maker failed.
    """
    done = run_module(python, ["hub_config.local.samples", str(archive.absolute())])
    if done.returncode:
        raise SamplesError(
            f"sample archive: {python} ended with {done.returncode} (see above); "
            "run again to go on where it stopped"
        )


def run_module(
    python: Path, arguments: Sequence[str], capture: bool = False
) -> subprocess.CompletedProcess[str]:
    """Run one of our modules in the user environment.

    Parameters
    ----------
    python : Path
        The user environment's interpreter.
    arguments : sequence of str
        Module and its arguments.
    capture : bool
        Whether to keep what it prints.

    Raises
    ------
    NoInterpreter
        There is no such interpreter.
    """
    environment = {**os.environ, "PYTHONPATH": str(_PACKAGES), "DANDI_NO_ET": "1"}
    try:
        return subprocess.run(
            [str(python), "-W", "ignore", "-m", *arguments],
            env=environment,
            capture_output=capture,
            text=True,
            check=False,
        )
    except OSError as error:
        raise NoInterpreter(
            f"{python}: is no interpreter of the user environment; "
            "make it with `archive-hub local prepare`"
        ) from error


def place_samples(made: Path, archive: Path) -> None:
    """Put a finished sample archive into a local archive, beside what is there.

    Parameters
    ----------
    made : Path
        Where `make_samples` made it.
    archive : Path
        Folder of the local archive; samples of older makers there are replaced.
    """
    source, target = Shelf(made), Shelf(archive)
    for part in ("objects", "catalogue/zarr", "catalogue"):
        _link_files(made / part, archive / part, target)
    target.made.mkdir(parents=True, exist_ok=True)
    for receipt in sorted(source.made.glob("*-*")):
        _replace_older(receipt, target)


def _link_files(source: Path, target: Path, shelf: Shelf) -> None:
    for file in sorted(source.rglob("*")):
        place = target / file.relative_to(source)
        if file.is_dir() or place.exists():
            continue
        place.parent.mkdir(parents=True, exist_ok=True)
        try:
            os.link(file, place)
        except OSError:  # another disk
            with shelf.workspace() as workspace:
                shutil.copy2(file, workspace / "copy")
                os.replace(workspace / "copy", place)


def _replace_older(receipt: Path, target: Shelf) -> None:
    ours = target.made / receipt.name
    older = ours.read_text().strip() if ours.exists() else ""
    if older != receipt.read_text().strip():
        if older:
            for record in target.catalogue.glob(f"*/assets/{older}.json"):
                record.unlink()
        shutil.copyfile(receipt, ours)
