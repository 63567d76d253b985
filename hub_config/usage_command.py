"""``archive-hub usage``: who used what, for the operator."""

from __future__ import annotations

import json
import re
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from .failure import Failure
from .home_size import Sizes
from .ledger import Ledger
from .notice_command import DEFAULT_STATE, StateOption, ledger_file
from .settings import GIB
from .usage import Usage, to_cents


class UsageError(Failure, ValueError):
    """The command cannot be carried out as given."""


def usage(
    month: Annotated[str, typer.Option(help="YYYY-MM (UTC); default: this one.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="For a program.")] = False,
    state: StateOption = DEFAULT_STATE,
) -> None:
    """Print each person's hours of servers and workers, what they cost, and homes.

    A home is as large as it was when it was measured last: after a server's stop.
    """
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
    homes = _homes(file, [f"gh-{one.number}" for one in used])
    total = {
        "hours": round(sum(one.hours for one in used), 2),
        "usd": sum(cents) / 100,
        "home_bytes": sum(size or 0 for size in homes.values()),
        "homes_not_measured": list(homes.values()).count(None),
    }
    if as_json:
        told = {"month": month, "rows": rows, "homes": homes, "total": total}
        typer.echo(json.dumps(told))
    else:
        Console(highlight=False).print(_table(month, rows, homes, total))


def _homes(file: Path, users: list[str]) -> dict[str, int | None]:
    """Return how many bytes the home of each person held; None: never measured."""
    with closing(Sizes("", file)) as sizes:
        known = {user: sizes.known(user) for user in users}
    return {user: home.size_bytes if home else None for user, home in known.items()}


def _table(
    month: str,
    rows: list[dict[str, Any]],
    homes: dict[str, int | None],
    total: dict[str, Any],
) -> Table | str:
    if not rows:
        return f"Nobody used a server in {month}."
    in_all = _gib(total["home_bytes"])
    if total["homes_not_measured"]:
        in_all = f"at least {in_all}"
    table = Table(title=month, show_footer=True)
    table.add_column("person", "all")
    table.add_column("profile")
    table.add_column("hours", f"{total['hours']:.2f}", justify="right")
    table.add_column("about USD", f"{total['usd']:.2f}", justify="right")
    table.add_column("home GiB", in_all, justify="right")
    told = ""
    for row in rows:
        user = row["user"]
        table.add_row(
            f"{user} ({row['login'] or '-'})",
            *(row["profile"], f"{row['hours']:.2f}", f"{row['usd']:.2f}"),
            # A person has one home, whatever ran.
            _gib(homes[user]) if user != told else "",
        )
        told = user
    return table


def _gib(size_bytes: int | None) -> str:
    return "not measured" if size_bytes is None else f"{size_bytes / GIB:.2f}"
