"""``archive-hub suspend``: end what a person has, at once, and keep them out.

For an account that is abused or stolen.  The running hub reads the ledger's file every
few seconds; no restart and no token of the hub's API is needed.
"""

from __future__ import annotations

from contextlib import closing
from typing import Annotated

import typer

from .failure import Failure
from .ledger import Ledger
from .notice_command import DEFAULT_STATE, StateOption, ledger_file
from .people import person
from .suspended import LONGEST_REASON, Suspended


class SuspendError(Failure, ValueError):
    """The command cannot be carried out as given."""


def suspend(
    who: Annotated[str, typer.Argument(help="GitHub login or number.")] = "",
    reason: Annotated[str, typer.Option(help="For you and the log, one line.")] = "",
    lift: Annotated[bool, typer.Option("--lift", help="Let them in again.")] = False,
    state: StateOption = DEFAULT_STATE,
) -> None:
    """End a person's server, tokens and clusters at once and keep them out.

    Their files are kept.  Nobody named: list who is suspended.
    """
    if len(reason) > LONGEST_REASON or not reason.isprintable():
        raise SuspendError(
            f"suspend: --reason must be one line of at most {LONGEST_REASON} "
            f"characters, got {len(reason)}: {reason[:40]!r}"
        )
    file = ledger_file(state)
    with closing(Ledger(file)) as ledger, closing(Suspended(file)) as suspended:
        if not who:
            for number, why in suspended.everybody().items():
                typer.echo(f"gh-{number}\t{ledger.login_of(number) or '-'}\t{why}")
            return
        number = person(ledger, who)
        called = f"gh-{number} ({ledger.login_of(number) or 'never seen here'})"
        if not lift:
            suspended.suspend(number, reason)
            typer.echo(f"{called} is suspended; what runs ends within ten seconds.")
        elif suspended.lift(number):
            typer.echo(f"{called} may sign in again, if the archive admits them.")
        else:
            raise SuspendError(
                f"suspend: {called} is not suspended; "
                "`archive-hub suspend` lists who is"
            )
