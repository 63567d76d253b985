"""What happens when a person used much: first a notice, then no new server.

The limits are in ``hub.toml``; what was used is an estimate (`usage`).  A server that
runs is stopped for the core hours of a day (`spent`), never for money.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tornado import web

from .gate import number_of
from .ledger import LedgerError
from .settings import Hub
from .usage import Usage, opened


class BudgetSpent(web.HTTPError):
    """A person reached the limit of a month or a day: HTTP 403, with what to do."""

    def __init__(self, used: str, again: str) -> None:
        message = (
            f"{used} Your files are kept. A new server starts {again} (UTC), or when "
            "the people at the support address raise the limit."
        )
        super().__init__(403, message)
        self.jupyterhub_message = message


def warning(hub: Hub, spent_usd: float) -> str:
    """Return what a person is told about what they used; empty below the first limit.

    Parameters
    ----------
    hub : Hub
        Has the two limits.
    spent_usd : float
        About what the person cost this month.
    """
    limits = hub.usage
    if not limits.warn_usd_per_month or spent_usd < limits.warn_usd_per_month:
        return ""
    used = f"What you ran cost about ${spent_usd:.2f} this month."
    if not limits.stop_usd_per_month:
        return f"{used} Please stop what you do not need."
    return (
        f"{used} At ${limits.stop_usd_per_month:g} no new one starts until the month "
        "ends. Please stop what you do not need, or write to the support address."
    )


def warning_for(authenticator: Any, user_name: str) -> str:
    """Return what a hub user is told; without a limit nobody is asked."""
    if not authenticator.hub.usage.warn_usd_per_month:
        return ""
    return warning(authenticator.hub, spent(authenticator, user_name))


def require_within(spawner: Any) -> None:
    """Refuse a start above the limit of the month or of the day.

    Raises
    ------
    BudgetSpent
        With what to do.  A ledger that cannot be read refuses nobody.
    """
    limits = spawner.authenticator.hub.usage
    person = spawner.authenticator, spawner.user.name
    most_h = limits.stop_core_hours_per_day
    if most_h and (had_h := core_hours_today(*person)) >= most_h:
        raise BudgetSpent(
            f"Your servers and Dask workers had {had_h:,.0f} core hours today, and "
            f"this hub's limit is {most_h:,g} a day.",
            "after midnight",
        )
    stop_usd = limits.stop_usd_per_month
    if stop_usd and (spent_usd := spent(*person)) >= stop_usd:
        raise BudgetSpent(
            f"What you ran cost about ${spent_usd:.2f} this month, and this hub's "
            f"limit is ${stop_usd:g}.",
            "when the month ends",
        )


def spent(authenticator: Any, user_name: str) -> float:
    """Return about what a hub user cost this month, in USD; 0 if nobody knows."""
    return _asked(authenticator, user_name, Usage.usd_this_month)


def core_hours_today(authenticator: Any, user_name: str) -> float:
    """Return the core hours that a hub user had today (UTC); 0 if nobody knows."""
    return _asked(authenticator, user_name, Usage.core_hours_today)


def over_today(authenticator: Any) -> list[int]:
    """Return who had all core hours of today, by number; nobody without a limit.

    Raises
    ------
    LedgerError
        The ledger cannot be read.
    """
    most_h = authenticator.hub.usage.stop_core_hours_per_day
    return opened(authenticator.ledger_path).over_today(most_h) if most_h else []


def _asked(
    authenticator: Any, user_name: str, question: Callable[[Usage, int], float]
) -> float:
    number = number_of(user_name)
    if number is None:
        return 0.0
    try:
        return question(opened(authenticator.ledger_path), number)
    except LedgerError as error:
        authenticator.log.error("usage: %s", error)
        return 0.0
