"""One cost report, written three ways: for a terminal, as JSON, as a docs page."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from rich.console import Group
from rich.table import Table

from .. import fit
from ..machines import table
from ..reference import MARKDOWN_NOTE
from ..settings import Hub
from . import cost

BOLD = re.compile(r"\*\*(.+?)\*\*")


@dataclass(frozen=True)
class Use:
    """How much a hub is used: the questions that a report answers."""

    people: int = 60
    hours: float = 30
    worker_hours: float = 25
    class_people: int = 100
    class_hours: float = 8


@dataclass(frozen=True)
class Row:
    """One profile: where it runs and what an hour costs each."""

    profile: str
    smallest: fit.Fit
    densest: fit.Fit


@dataclass(frozen=True)
class Report:
    """Every number that an operator asks for before and after a deployment, in USD."""

    prices_of: date
    region: str
    standing: tuple[cost.Item, ...]
    standing_usd: float
    seat_always: cost.Item
    seat_working_hours: cost.Item
    staging_usd: float
    profiles: tuple[Row, ...]
    worker_usd_per_h: float
    use: Use
    month: cost.Range
    class_day: cost.ClassDay
    worst_hour: tuple[cost.Item, ...]
    worst_month_usd: float
    trims: dict[str, fit.Trim]
    warnings: tuple[str, ...] = ()


def report(hub: Hub, use: Use, today: date | None = None) -> Report:
    """Return the report of a hub.

    Parameters
    ----------
    hub : Hub
        The settings.
    use : Use
        How many people work, and how much.
    today : date or None
        The day it is read, for warnings; None leaves them out.

    Raises
    ------
    NoMachineFits
        A profile promises what no machine of its pool keeps.
    """
    standing = cost.standing(hub)
    worst = cost.worst_hour(hub)
    worst_month = cost.total(worst) * cost.HOURS_PER_MONTH
    trims = {name: fit.trim(hub, name) for name in hub.profiles}
    return Report(
        prices_of=table().date,
        region=table().region,
        standing=standing,
        standing_usd=cost.total(standing),
        seat_always=cost.warm_seat(hub, cost.HOURS_PER_MONTH),
        seat_working_hours=cost.warm_seat(hub),
        staging_usd=cost.total(cost.standing(hub, cost.STAGING)),
        profiles=tuple(_row(hub, name) for name in hub.profiles),
        worker_usd_per_h=fit.densest(hub, fit.worker_need(hub)).usd_per_person_h,
        use=use,
        month=cost.month(hub, use.people, use.hours, use.worker_hours),
        class_day=cost.class_day(hub, use.class_people, use.class_hours),
        worst_hour=worst,
        worst_month_usd=worst_month + cost.total(standing) - _core_usd(standing),
        trims={name: one for name, one in trims.items() if one is not None},
        warnings=cost.warnings(hub, today) if today else (),
    )


def as_json(made: Report) -> dict[str, Any]:
    """Return the report as plain data, dates as ISO text."""
    return asdict(made) | {"prices_of": made.prices_of.isoformat()}


def tables(made: Report) -> Group:
    """Return the report for a terminal."""
    parts = []
    for title, head, rows in _sections(made):
        part = Table(title=title, title_justify="left", title_style="bold")
        for number, name in enumerate(head):
            part.add_column(name, justify="right" if number else "left")
        for row in rows:
            part.add_row(*(BOLD.sub(r"[bold]\1[/bold]", cell) for cell in row))
        parts.append(part)
    return Group(*parts)


def cost_page(hub: Hub) -> str:
    """Return ``docs/reference/cost.md``: the report for everyday use, as Markdown."""
    made = report(hub, Use())
    lines = ["# What the hub costs", ""]
    lines += [
        f"AWS's list prices in {made.region} as known on {made.prices_of}, in USD,",
        "before tax and discounts; compare them with AWS before a decision.",
        "`archive-hub cost` prints the same for other numbers of people and warns when",
        f"the prices are older than {cost.STALE_AFTER_DAYS} days.",
    ]
    for title, head, rows in _sections(made):
        align = ["---"] + ["---:"] * (len(head) - 1)
        lines += ["", f"## {title}", ""]
        lines += ["| " + " | ".join(row) + " |" for row in (head, align, *rows)]
    return MARKDOWN_NOTE + "\n".join(lines) + "\n"


Section = tuple[str, list[str], list[list[str]]]


def _sections(made: Report) -> list[Section]:
    return [_standing(made), _profiles(made), _use(made), _worst(made), *_trims(made)]


def _standing(made: Report) -> Section:
    seats = made.seat_always, made.seat_working_hours
    rows = [[item.what, _usd(item.usd)] for item in made.standing]
    rows.append(["**nobody works**", _usd(made.standing_usd)])
    rows += [[f"with {s.what}", _usd(made.standing_usd + s.usd)] for s in seats]
    with_staging = made.standing_usd + made.staging_usd
    rows.append(["with staging standing all month", _usd(with_staging)])
    return "A month though nobody works", ["what", "USD a month"], rows


def _profiles(made: Report) -> Section:
    head = ["profile", "smallest machine", "people on it", "alone, USD/h"]
    head += ["full, USD/h each", "cheapest when full", "USD/h each"]
    rows = [
        [
            row.profile,
            row.smallest.machine,
            str(row.smallest.people),
            f"{row.smallest.usd_per_h:.2f}",
            f"{row.smallest.usd_per_person_h:.3f}",
            f"{row.densest.people} on {row.densest.machine}",
            f"{row.densest.usd_per_person_h:.3f}",
        ]
        for row in made.profiles
    ]
    return "An hour of each profile", head, rows


def _use(made: Report) -> Section:
    use, day = made.use, made.class_day
    low, high = _usd(made.month.low_usd), _usd(made.month.high_usd)
    month = (
        f"a month of {use.people} people, {use.hours:g} h each on the default profile "
        f"and {use.worker_hours:g} h of Dask workers, beside the standing cost"
    )
    room = (
        "the pool holds up to" if day.has_room else "**no room**: the pool holds only"
    )
    lesson = (
        f"a class of {day.people} for {use.class_hours:g} h on {day.machines} of "
        f"{day.machine}; {room} {day.most_people} people"
    )
    worker = "an hour of one Dask worker of the default size"
    rows = [
        [month, f"{low} to {high}"],
        [lesson, _usd(day.usd)],
        [worker, f"{made.worker_usd_per_h:.3f}"],
    ]
    return "People at work", ["what", "USD"], rows


def _worst(made: Report) -> Section:
    rows = [[item.what, f"{item.usd:.2f}"] for item in made.worst_hour]
    rows.append(["**an hour with every pool full**", _usd(cost.total(made.worst_hour))])
    rows.append(["**a month of such hours**", _usd(made.worst_month_usd)])
    return "The worst that the ceilings allow", ["what", "USD"], rows


def _trims(made: Report) -> list[Section]:
    rows = [
        [
            f"{name}: {one.cpu:g} cores sure, up to {one.limit:g}",
            f"{one.fit.people} on {one.fit.machine}",
            f"{100 * one.saved_share:.0f} %",
        ]
        for name, one in made.trims.items()
    ]
    head = ["guarantee", "then", "saves"]
    return [("What a slightly smaller guarantee saves", head, rows)] if rows else []


def _row(hub: Hub, profile: str) -> Row:
    need = fit.need_of(hub, profile)
    return Row(profile, fit.smallest(hub, need), fit.densest(hub, need))


def _core_usd(items: tuple[cost.Item, ...]) -> float:
    # The worst hour counts the core pool already, full.
    return sum(item.usd for item in items if item.what.startswith("core machines"))


def _usd(amount: float) -> str:
    return f"{amount:,.0f}"
