"""``archive-hub usage``: who used what, for the operator."""

from __future__ import annotations

import json
import re
from contextlib import closing
from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from .ledger import Ledger
from .notice_command import DEFAULT_STATE, StateOption, ledger_file
from .usage import Usage, to_cents


class UsageError(ValueError):
    """The command cannot be carried out as given."""


FAILURES = (UsageError,)


def usage(
    month: Annotated[str, typer.Option(help="YYYY-MM (UTC); default: this one.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="For a program.")] = False,
    state: StateOption = DEFAULT_STATE,
) -> None:
    """Print each person's hours of servers and workers, and about what they cost."""
    month = month or datetime.now(UTC).strftime("%Y-%m")
    if not re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", month):
        raise UsageError(f"usage: --month {month!r} is no month; write it as 2026-11")
    file = ledger_file(state)
    with closing(Usage(file)) as kept:
        used = kept.used(month=month)
    cents = to_cents([one.usd_micro for one in used])
    with closing(Ledger(file)) as ledger:
        rows = [
            {
                "user": f"gh-{one.number}",
                "login": ledger.login_of(one.number),
                "profile": one.profile,
                "hours": round(one.hours, 2),
                "usd": cent / 100,
            }
            for one, cent in zip(used, cents, strict=True)
        ]
    total = {
        "hours": round(sum(one.hours for one in used), 2),
        "usd": sum(cents) / 100,
    }
    if as_json:
        typer.echo(json.dumps({"month": month, "rows": rows, "total": total}))
    else:
        Console(highlight=False).print(_table(month, rows, total))


def _table(
    month: str, rows: list[dict[str, Any]], total: dict[str, float]
) -> Table | str:
    if not rows:
        return f"Nobody used a server in {month}."
    table = Table(title=month, show_footer=True)
    table.add_column("person", "all")
    table.add_column("profile")
    table.add_column("hours", f"{total['hours']:.2f}", justify="right")
    table.add_column("about USD", f"{total['usd']:.2f}", justify="right")
    for row in rows:
        person = f"{row['user']} ({row['login'] or '-'})"
        table.add_row(
            person, row["profile"], f"{row['hours']:.2f}", f"{row['usd']:.2f}"
        )
    return table
