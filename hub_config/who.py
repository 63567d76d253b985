"""``archive-hub who``: what each person of a class would be answered, beforehand."""

from __future__ import annotations

import asyncio
import csv
import json
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated, TextIO

import typer
from rich.console import Console
from rich.table import Table

from . import settings
from .registration import ask, new_client
from .verdict import Answer, Decision, Person

_AT_ONCE = 5
_LOGIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,38}")
_ADVICE = {
    Answer.ADMITTED: "",
    Answer.NOT_REGISTERED: "register with the archive, or wait for its approval",
    Answer.PENDING: "wait for the archive's approval",
    Answer.UNREACHABLE: "ask again later",
    Answer.CUT_SHORT: "cannot be told beforehand; write to support",
}


class RosterError(ValueError):
    """A list of people cannot be used."""


def read_roster(file: TextIO, where: str) -> list[str]:
    """Read the logins of a class from a CSV file.

    Parameters
    ----------
    file : text file
        The column is the one headed ``login``, or else the first; blank lines are
        skipped.
    where : str
        What to call the file in a message.

    Returns
    -------
    list of str
        Each login once, in the order of the file.

    Raises
    ------
    RosterError
        One line for each row that holds no GitHub login, with its line number; or
        nobody is listed.
    """
    try:
        rows = csv.reader(file, strict=True)
        lines = [
            (rows.line_num, [cell.strip().removeprefix("\ufeff") for cell in row])
            for row in rows
            if any(cell.strip() for cell in row)
        ]
    except (csv.Error, UnicodeDecodeError) as error:
        raise RosterError(f"{where}: not a CSV file in UTF-8: {error}") from None
    header = [cell.lower() for cell in lines[0][1]] if lines else []
    column = header.index("login") if "login" in header else 0
    found = [
        (number, cells[column].removeprefix("@") if column < len(cells) else "")
        for number, cells in lines["login" in header :]
    ]
    faults = [
        f"{where}: line {number}: {login!r} is no GitHub login"
        for number, login in found
        if not _LOGIN.fullmatch(login)
    ]
    if faults:
        raise RosterError("\n".join(faults))
    if not found:
        raise RosterError(f"{where}: nobody is listed; want a column headed 'login'")
    return _once(login for _, login in found)


def _once(logins: Iterable[str]) -> list[str]:
    first: dict[str, str] = {}
    for login in logins:
        first.setdefault(login.lower(), login)
    return list(first.values())


async def ask_about(logins: Sequence[str], hub: settings.Hub) -> list[Decision]:
    """Ask the archives about people by login, a few at a time.

    Parameters
    ----------
    logins : sequence of str
        GitHub logins; the numbers are not known beforehand.
    hub : Hub
        The archives and how patiently to ask.

    Returns
    -------
    list of Decision
        In the same order.
    """
    limit = asyncio.Semaphore(_AT_ONCE)

    async with new_client() as client:

        async def one(login: str) -> Decision:
            async with limit:
                return await ask(
                    hub.archives,
                    Person(login),
                    timeout_s=hub.login.timeout_s,
                    client=client,
                )

        return await asyncio.gather(*(one(login) for login in logins))


def who(
    logins: Annotated[
        list[str] | None, typer.Argument(metavar="LOGIN...", help="GitHub logins.")
    ] = None,
    file: Annotated[
        Path | None,
        typer.Option(help="A CSV file with a column headed 'login', or - for stdin."),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print a JSON list instead of a table.")
    ] = False,
    declaration: Annotated[
        Path, typer.Option("--settings", help="The hub's declaration.", hidden=True)
    ] = settings.DECLARATION,
) -> None:
    """Print what each person would be answered at the login.

    The exit code is 0 if all would be admitted, 1 if not, 2 if the question is wrong.
    """
    try:
        wanted = _wanted(logins or [], file)
    except RosterError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from None
    hub = settings.load(declaration)
    decisions = asyncio.run(ask_about(wanted, hub))
    rows = list(zip(wanted, decisions, strict=True))
    _print_json(rows) if as_json else _print_table(rows)
    if any(decision.answer is not Answer.ADMITTED for decision in decisions):
        raise typer.Exit(1)


def _wanted(logins: list[str], file: Path | None) -> list[str]:
    for login in logins:
        if not _LOGIN.fullmatch(login.removeprefix("@")):
            raise RosterError(f"who: {login!r} is no GitHub login")
    wanted = [login.removeprefix("@") for login in logins]
    if file is not None:
        wanted += _from_file(file)
    if not wanted:
        raise RosterError("who: nobody is named; give LOGIN... or --file ROSTER.csv")
    return _once(wanted)


def _from_file(file: Path) -> list[str]:
    if str(file) == "-":
        return read_roster(typer.get_text_stream("stdin"), "stdin")
    try:
        with file.open(encoding="utf-8", newline="") as opened:
            return read_roster(opened, str(file))
    except OSError as error:
        raise RosterError(f"{file}: {error.strerror}") from None


def _print_json(rows: Sequence[tuple[str, Decision]]) -> None:
    told = [
        {"login": login, "answer": decision.answer, "reason": decision.reason}
        for login, decision in rows
    ]
    typer.echo(json.dumps(told, indent=1))


def _print_table(rows: Sequence[tuple[str, Decision]]) -> None:
    table = Table("login", "answer", "what to do", "what the archives said")
    for login, decision in rows:
        admitted = decision.answer is Answer.ADMITTED
        style = "green" if admitted else "yellow" if decision.answer.is_no else "red"
        answer = f"[{style}]{decision.answer}[/]"
        table.add_row(login, answer, _ADVICE[decision.answer], decision.reason)
    console = Console()
    console.print(table)
    admitted_count = sum(d.answer is Answer.ADMITTED for _, d in rows)
    console.print(f"{admitted_count} of {len(rows)} would be admitted.")
