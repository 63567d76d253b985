"""``archive-hub notice``: what the operator wants people to be told.

It writes into the hub's ledger file, from where the running hub reads at each visit.
"""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from .ledger import Ledger
from .notices import Level, NoticeError, Notices
from .people import person

LEDGER = "people.sqlite"
app = typer.Typer(no_args_is_help=True, help="Tell people something, all or one.")

StateOption = Annotated[
    Path,
    typer.Option(
        "--state", help="Folder of one-machine mode, or the hub's people.sqlite itself."
    ),
]
DEFAULT_STATE = Path(".local")


@app.command()
def add(
    text: Annotated[str, typer.Argument(help="One line.")],
    to: Annotated[
        str, typer.Option(help="GitHub login or number; nobody named: everybody.")
    ] = "",
    level: Annotated[str, typer.Option(help="info, warning or danger.")] = "info",
    until: Annotated[
        str, typer.Option(help="18:00, or 2026-11-24T18:00 (this machine's time).")
    ] = "",
    state: StateOption = DEFAULT_STATE,
) -> None:
    """Show a notice on the start page, at home and in Lab; print its number."""
    file = ledger_file(state)
    with closing(Ledger(file)) as ledger:
        number = person(ledger, to) if to else None
    end = moment(until, datetime.now().astimezone()) if until else None
    kept: Level = level  # type: ignore[assignment]  # `add` refuses any other
    with closing(Notices(file)) as notices:
        typer.echo(notices.add(text, kept, end, number))


@app.command("list")
def listed(state: StateOption = DEFAULT_STATE) -> None:
    """List the notices that stand."""
    with closing(Notices(ledger_file(state))) as notices:
        standing = notices.standing()
    for notice in standing:
        to = f"gh-{notice.number}" if notice.number else "everybody"
        until = f"{notice.until.astimezone():%Y-%m-%d %H:%M}" if notice.until else "-"
        typer.echo(f"{notice.id}\t{notice.level}\t{to}\t{until}\t{notice.text}")


@app.command()
def remove(
    id: Annotated[str, typer.Argument(help="As `list` shows it.")],
    state: StateOption = DEFAULT_STATE,
) -> None:
    """Take a notice back."""
    with closing(Notices(ledger_file(state))) as notices:
        notices.remove(id)


def ledger_file(state: Path) -> Path:
    """Return the ledger's file of a state folder, or `state` if it is the file.

    Raises
    ------
    NoticeError
        No hub has run there.
    """
    file = state / LEDGER if state.is_dir() else state
    if not file.is_file():
        raise NoticeError(
            f"notice: no ledger at {str(file)!r}; start the hub once, or say where its "
            "state is with --state"
        )
    return file


def moment(words: str, now: datetime) -> datetime:
    """Return the moment that `words` name.

    Parameters
    ----------
    words : str
        ``HH:MM``, the next time it is that late; or an ISO 8601 date and time, in the
        zone of `now` unless it says another.
    now : datetime
        Aware.

    Raises
    ------
    NoticeError
        It is neither.
    """
    try:
        if "-" not in words:
            time = datetime.strptime(words, "%H:%M").time()
            today = datetime.combine(now.date(), time, now.tzinfo)
            return today if today > now else today + timedelta(days=1)
        named = datetime.fromisoformat(words)
    except ValueError:
        raise NoticeError(
            f"notice: until {words!r} is no time; write 18:00 or 2026-11-24T18:00"
        ) from None
    return named if named.tzinfo else named.replace(tzinfo=now.tzinfo or UTC)
