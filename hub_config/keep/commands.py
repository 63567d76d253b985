"""``archive-hub backup``, ``restore``, ``export``, ``homes``, ``retention``."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.console import Console
from rich.table import Table

from ..ledger import Ledger, LedgerError
from ..notices import NoticeError
from ..settings import GIB, load
from . import backup as backups
from . import database, made
from .export import export as export_home
from .export import export_all, home_of
from .homes import NEARLY_FULL, Kept, survey
from .keeper import keeper
from .place import KeepError, Place
from .restore import restore as restore_all
from .restore import restore_inside
from .retention import Records, Step, plan
from .retire import Retiring

FAILURES = (KeepError, LedgerError, NoticeError)

StateOption = Annotated[
    Path, typer.Option("--state", help="Folder of one-machine mode.")
]
NamespaceOption = Annotated[
    str, typer.Option("--namespace", help="The cluster's hub instead, by kubectl.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="For programs.")]
DEFAULT_STATE = Path(".local")


def _say(line: str) -> None:
    typer.echo(line, err=True)


def place_of(state: Path, namespace: str) -> Place:
    """Return the hub that the options name; in the hub's pod, that one."""
    if namespace:
        return Place.of_cluster(namespace)
    in_pod = Place.of_pod()
    if state == DEFAULT_STATE and Path(in_pod.database).exists():
        return in_pod
    if not state.is_dir():
        raise KeepError(
            f"state {str(state)!r}: no such folder; say where it is with --state DIR"
        )
    return Place.of_state(state)


def _there(place: Place, *words: str) -> NoReturn:
    """Run a command of this program where the hub is, and end as it ends."""
    done = subprocess.run([*place.prefix, "archive-hub", *words], check=False)
    raise typer.Exit(done.returncode)


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
    new = backups.backup(place, folder, _say, secrets=not without_secrets, full=full)
    for old in made.prune(folder, keep):
        _say(f"deleted {old}")
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
        left_out = restore_all(place, source, _say, replace=replace)
    for one in left_out:
        _say(f"left out: {one}")
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
        for file in export_all(place, to, _say):
            typer.echo(str(file))
    else:
        typer.echo(str(export_home(place, user, to, _say)))


def homes(
    state: StateOption = DEFAULT_STATE,
    as_json: JsonOption = False,
    namespace: NamespaceOption = "",
) -> None:
    """List homes: size, share of the quota, last use; exit 1 if one is nearly full."""
    if namespace:
        _there(Place.of_cluster(namespace), "homes", *["--json"] * as_json)
    quota = int(load().home.quota_gib * GIB)
    found = sorted(
        survey(place_of(state, "")), key=lambda one: one.home.size_bytes, reverse=True
    )
    if as_json:
        typer.echo(json.dumps([one.model(quota) for one in found], indent=1))
    else:
        _print_homes(found, quota)
    raise typer.Exit(any(one.share(quota) >= NEARLY_FULL for one in found))


def _print_homes(found: list[Kept], quota: int) -> None:
    table = Table("home", "login", "GiB", "of quota", "files", "last used")
    for one in found:
        full = one.share(quota) >= NEARLY_FULL
        used = "running" if one.is_running else f"{one.last_used:%Y-%m-%d}"
        size = f"{one.home.size_bytes / GIB:.2f}"
        size = f"at least {size}" if one.home.unreadable else size
        share = f"{100 * one.share(quota):.0f} %"
        files = str(one.home.files)
        style = "red" if full else None
        table.add_row(one.home.name, one.login, size, share, files, used, style=style)
    console = Console(highlight=False)
    console.print(table)
    total = sum(one.home.size_bytes for one in found) / GIB
    console.print(f"{len(found)} homes, {total:.2f} GiB")


def retention(
    apply: Annotated[
        bool, typer.Option("--apply", help="Do it; without, it is only said.")
    ] = False,
    undo: Annotated[
        str, typer.Option(help="Bring this person's home back: login or number.")
    ] = "",
    state: StateOption = DEFAULT_STATE,
    as_json: JsonOption = False,
    namespace: NamespaceOption = "",
) -> None:
    """Warn people whose homes nobody uses, put those away, then delete."""
    hub = load()
    if namespace:
        words = (
            ["--apply"] * apply + ["--json"] * as_json + ["--undo", undo] * bool(undo)
        )
        with keeper(namespace) as keeping:
            _there(keeping, "retention", *words)
    place = place_of(state, "")
    retiring = Retiring(hub, place, _say)
    if undo:
        name = home_of(place, undo)
        typer.echo(f"{name}: its files are in {retiring.bring_back(name)}")
        return
    if apply:
        retiring.finish_interrupted()
    with closing(Records(Path(place.people))) as records:
        steps = plan(hub.home, survey(place), records.all(), datetime.now(UTC))
    if as_json:
        typer.echo(json.dumps([_model(step) for step in steps], indent=1))
    elif not apply:
        for step in steps:
            size = f"{step.size_bytes >> 20} MiB"
            typer.echo(f"{step.kind}: {step.name} {step.login}: {step.why}, {size}")
        typer.echo(
            f"{len(steps)} to do; --apply does it" if steps else "Nothing to do."
        )
    if apply:
        retiring.carry_out(steps)


def _model(step: Step) -> dict[str, object]:
    by = step.by.isoformat(timespec="seconds") if step.by else None
    return {**vars(step), "name": step.name, "by": by}


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
        _there(Place.of_cluster(namespace), "upgrade", "--copy-only")
    place = place_of(state, "")
    if copy_only:
        database.copy_first(Path(place.database), _say)
        return
    with place.at_rest():
        database.upgrade(Path(place.database), python, _say)


def rollback(
    state: StateOption = DEFAULT_STATE, namespace: NamespaceOption = ""
) -> None:
    """Put the database from before the last upgrade back."""
    if namespace:
        with keeper(namespace, alone=True) as keeping:
            _there(keeping, "rollback")
    place = place_of(state, "")
    with place.at_rest():
        database.rollback(Path(place.database), _say)


def unbind(
    login: Annotated[str, typer.Argument(help="An archive's login.")],
    archive: Annotated[str, typer.Option(help="Which, as in hub.toml.")] = "",
    state: StateOption = DEFAULT_STATE,
    namespace: NamespaceOption = "",
) -> None:
    """Forget which GitHub account a login was first seen with: it changed hands.

    The next account that comes with this login gets in as a new person, with a home of
    its own.  Exit 1 if there was nothing to forget.
    """
    if namespace:
        words = ("unbind", login, f"--archive={archive}")
        _there(Place.of_cluster(namespace), *words)
    known = load().archives
    if archive and archive not in known:
        raise KeepError(f"unbind: no archive {archive!r}; there are {', '.join(known)}")
    with closing(Ledger(Path(place_of(state, "").people))) as ledger:
        gone = [
            name
            for name in ([archive] if archive else known)
            if ledger.unbind(name, login)
        ]
    for name in gone:
        typer.echo(f"{name}: {login} is no longer bound to a GitHub account")
    if not gone:
        typer.echo(f"{login}: was not bound", err=True)
        raise typer.Exit(1)


COMMANDS = (backup, restore, export, homes, retention, upgrade, rollback, unbind)
