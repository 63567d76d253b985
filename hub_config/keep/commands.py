"""``archive-hub backup``, ``restore``, ``export``, and ``local upgrade`` and back."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from . import backup as backups
from . import database, made
from .export import export as export_home
from .export import export_all, home_of
from .keeper import keeper
from .options import DEFAULT_STATE, NamespaceOption, StateOption, place_of, say, there
from .place import KeepError, Place
from .restore import restore as restore_all
from .restore import restore_inside


def backup(
    folder: Annotated[Path, typer.Argument(help="Where backups are kept.")],
    state: StateOption = DEFAULT_STATE,
    namespace: NamespaceOption = "",
    without_secrets: Annotated[
        bool,
        typer.Option("--without-secrets", help="Then a restore signs everybody out."),
    ] = False,
    full: Annotated[
        bool, typer.Option("--full", help="Read unchanged homes too.")
    ] = False,
    keep: Annotated[
        int, typer.Option(min=0, help="Then delete all but so many; 0: none.")
    ] = 0,
) -> None:
    """Back up a hub, running or not: database, people, secrets, every home."""
    place = place_of(state, namespace)
    new = backups.backup(place, folder, say, secrets=not without_secrets, full=full)
    for old in made.prune(folder, keep):
        say(f"deleted {old}")
    typer.echo(str(new))


def restore(
    source: Annotated[
        Path, typer.Argument(help="A backup, or the folder of backups: the newest.")
    ],
    state: StateOption = DEFAULT_STATE,
    namespace: NamespaceOption = "",
    replace: Annotated[
        bool, typer.Option("--replace", help="Move aside what is there.")
    ] = False,
    person: Annotated[
        str, typer.Option(help="Only from this person's home: login or number.")
    ] = "",
    path: Annotated[str, typer.Option(help="Only this, as it is called there.")] = "",
) -> None:
    """Bring a backup back onto an empty place; or one person's file, beside theirs."""
    if bool(person) != bool(path):
        raise KeepError("restore: --person and --path go together")
    source = _one(source)
    if person:
        with _writable(place_of(state, namespace), namespace) as place:
            name = home_of(place, person)
            beside, files = restore_inside(place, source, name, path)
        typer.echo(f"{files} files are in ~/{beside} of {name}")
        return
    here = Place.of_cluster(namespace) if namespace else Place.of_state(state)
    with _writable(here, namespace, alone=True) as place:
        left_out = restore_all(place, source, say, replace=replace)
    for one in left_out:
        say(f"left out: {one}")
    typer.echo(f"Restored from {source}.")
    raise typer.Exit(bool(left_out))


@contextmanager
def _writable(place: Place, namespace: str, alone: bool = False) -> Iterator[Place]:
    if not namespace:
        yield place
        return
    with keeper(namespace, alone=alone) as keeping:
        yield keeping


def _one(source: Path) -> Path:
    if (source / "manifest.json").exists():
        return source
    newest = made.newest(source)
    if newest is None:
        raise KeepError(f"restore: no backup in {source}")
    return newest


def export(
    user: Annotated[str, typer.Argument(help="Login, number, or --all.")] = "",
    everybody: Annotated[bool, typer.Option("--all", help="Every home.")] = False,
    to: Annotated[Path, typer.Option(help="Folder for the files.")] = Path(),
    state: StateOption = DEFAULT_STATE,
    namespace: NamespaceOption = "",
) -> None:
    """Write a person's home to one tar file, with its checksum."""
    place = place_of(state, namespace)
    if everybody == bool(user):
        raise KeepError("export: name a person, or say --all")
    if everybody:
        for file in export_all(place, to, say):
            typer.echo(str(file))
    else:
        typer.echo(str(export_home(place, user, to, say)))


def upgrade(
    state: StateOption = DEFAULT_STATE,
    python: Annotated[
        Path, typer.Option(help="Interpreter of the environment that will run the hub.")
    ] = Path(sys.executable),
    namespace: NamespaceOption = "",
    copy_only: Annotated[
        bool, typer.Option("--copy-only", help="Only copy; the hub may run.")
    ] = False,
) -> None:
    """Bring the database to a newer JupyterHub; a copy of it is kept first.

    In a cluster it is only copied: the chart's new hub changes it when it starts.
    """
    if namespace:
        there(Place.of_cluster(namespace), "local", "upgrade", "--copy-only")
    place = place_of(state, "")
    if copy_only:
        database.copy_first(Path(place.database), say)
        return
    with place.at_rest():
        database.upgrade(Path(place.database), python, say)


def rollback(
    state: StateOption = DEFAULT_STATE, namespace: NamespaceOption = ""
) -> None:
    """Put the database from before the last upgrade back."""
    if namespace:
        with keeper(namespace, alone=True) as keeping:
            there(keeping, "local", "rollback")
    place = place_of(state, "")
    with place.at_rest():
        database.rollback(Path(place.database), say)
