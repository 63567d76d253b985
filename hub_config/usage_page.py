"""The page on which a person sees what they used and what they may use."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from jupyterhub.handlers import BaseHandler
from tornado import web

from .budget import core_hours_today
from .gate import number_of
from .home_size import sizes_on
from .ledger import LedgerError
from .reference import dask_text
from .settings import Hub
from .usage import Used, opened, to_cents


class UsageHandler(BaseHandler):  # type: ignore[misc]
    """Shows a logged-in person their own hours, month by month."""

    @web.authenticated
    async def get(self) -> None:
        """Show the page; a ledger that cannot be read is said, not a failure."""
        hub: Hub = self.authenticator.hub
        name = self.current_user.name
        number = number_of(name)
        months: list[dict[str, Any]] | None = None
        sizes = home = None
        try:
            sizes = sizes_on(self.settings, self.authenticator)
            home = sizes.of(name) if sizes else None
            used = opened(self.authenticator.ledger_path).used(number=number or 0)
            months = by_month(hub, used)
        except LedgerError as error:
            self.log.error("usage: %s", error)
        self.set_header("Cache-Control", "no-store")
        page = await self.render_template(
            "usage.html",
            months=months,
            limits=hub.usage,
            warn_min=hub.idle.warn_min,
            core_hours=core_hours_today(self.authenticator, name),
            quota_gib=hub.home.quota_gib,
            measures_home=sizes is not None,
            home=home,
            dask_text=dask_text(hub),
        )
        self.finish(page)


def by_month(hub: Hub, used: list[Used]) -> list[dict[str, Any]]:
    """Return what one person used, for the page: months, each with its rows and sum.

    Parameters
    ----------
    hub : Hub
        Has the names of the profiles; a profile that is gone keeps its own.
    used : list of Used
        Of one person, the latest month first.
    """
    months = []
    for month, rows in groupby(used, key=lambda one: one.month):
        rows_of_month = list(rows)
        cents = to_cents([one.usd_micro for one in rows_of_month])
        lines = [
            {"profile": _name(hub, one.profile), "hours": one.hours, "usd": cent / 100}
            for one, cent in zip(rows_of_month, cents, strict=True)
        ]
        hours = sum(one.hours for one in rows_of_month)
        total = {"hours": hours, "usd": sum(cents) / 100}
        months.append({"month": month, "lines": lines, "total": total})
    return months


def _name(hub: Hub, profile: str) -> str:
    known = hub.profiles.get(profile)
    return known.display_name if known else profile or "?"
