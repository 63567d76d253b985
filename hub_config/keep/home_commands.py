"""``archive-hub homes``, ``retention``, ``unbind``: what a hub keeps of people."""

from __future__ import annotations

import json
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from ..ledger import Ledger
from ..settings import GIB, load
from .export import home_of
from .homes import NEARLY_FULL, Kept, survey
from .keeper import keeper
from .options import (
    DEFAULT_STATE,
    JsonOption,
    NamespaceOption,
    StateOption,
    place_of,
    say,
    there,
)
from .place import KeepError, Place
from .retention import Records, Step, plan
from .retire import Retiring


def homes(
    state: StateOption = DEFAULT_STATE,
    as_json: JsonOption = False,
    namespace: NamespaceOption = "",
) -> None:
    """List homes: size, share of the quota, last use; exit 1 if one is nearly full."""
    if namespace:
        there(Place.of_cluster(namespace), "homes", *["--json"] * as_json)
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
            there(keeping, "retention", *words)
    place = place_of(state, "")
    retiring = Retiring(hub, place, say)
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
        there(Place.of_cluster(namespace), *words)
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
