"""``archive-hub due``: what is old, risky or about to expire."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from ..keep.made import STAMP, newest
from ..settings import load
from . import due as written
from . import expiry
from .due import Due

_ORDER = ("due", "unknown", "fine")


def due(
    backups: Annotated[
        Path | None, typer.Option(help="Folder of backups: is the last one recent?")
    ] = None,
    offline: Annotated[
        bool, typer.Option("--offline", help="Ask nobody; read the dates only.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Say what is old, risky or about to expire; exit 1 if something is due."""
    found = everything(date.today(), backups, offline)
    found.sort(key=lambda one: (_ORDER.index(one.state), one.on or date.max))
    if as_json:
        typer.echo(json.dumps([_model(one) for one in found], indent=1))
    else:
        _print(found)
    raise typer.Exit(any(one.state == "due" for one in found))


def everything(today: date, backups: Path | None, offline: bool) -> list[Due]:
    """Return all that may be due, on a day."""
    hub = load()
    found = written.written(hub, today)
    if not offline:
        hosts = (place.host for place in hub.environments.values())
        found += [expiry.certificate(host, today) for host in hosts]
        found += expiry.tokens(hub, today)
    if backups is not None:
        found.append(written.backups(backups, _day_of(newest(backups)), today))
    return found


def _day_of(backup: Path | None) -> date | None:
    if backup is None:
        return None
    return datetime.strptime(backup.name, STAMP).replace(tzinfo=UTC).date()


def _model(one: Due) -> dict[str, str | None]:
    return {**vars(one), "on": one.on.isoformat() if one.on else None}


def _print(found: list[Due]) -> None:
    table = Table("", "from", "what", "then")
    styles = {"due": "red", "unknown": "yellow", "fine": "green"}
    for one in found:
        state = f"[{styles[one.state]}]{one.state}[/]"
        table.add_row(state, str(one.on or ""), one.what, one.advice)
    Console(highlight=False).print(table)
