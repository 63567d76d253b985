"""What a hub in the cloud costs, before anybody deploys it: plain arithmetic.

Settings and a dated table of prices in, USD out.  Amounts are list prices before tax
and discounts.  A range runs from full machines to everybody alone on one.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date

from .. import fit
from ..machines import table
from ..settings import Hub

HOURS_PER_MONTH = 730
WORKING_HOURS_PER_MONTH = 174
STALE_AFTER_DAYS = 90
CORE_DISK_GIB = 80
HUB_DISK_GIB = 10
# Fourteen daily snapshots hold what changed: usually half of the homes once over.
SNAPSHOT_SHARE = 0.6
LOGS_GB_PER_MONTH = 20
KEYS = 3


@dataclass(frozen=True)
class Sizes:
    """What an environment's ``terraform.tfvars`` says of its size."""

    core_nodes: int
    home_gib: float
    home_throughput_mib_s: float = 250
    nat_gateways: int = 1


PRODUCTION = Sizes(core_nodes=2, home_gib=500)
STAGING = Sizes(core_nodes=1, home_gib=500)


@dataclass(frozen=True)
class Item:
    """One line of a bill."""

    what: str
    usd: float


@dataclass(frozen=True)
class Range:
    """The least and the most that something costs."""

    low_usd: float
    high_usd: float


@dataclass(frozen=True)
class ClassDay:
    """A class of people who all work at once."""

    people: int
    machines: int
    machine: str
    usd: float
    most_people: int

    @property
    def has_room(self) -> bool:
        """Whether the pool may buy enough machines for all of them."""
        return self.people <= self.most_people


def total(items: tuple[Item, ...]) -> float:
    """Return the sum of a bill."""
    return sum(item.usd for item in items)


def standing(hub: Hub, sizes: Sizes = PRODUCTION) -> tuple[Item, ...]:
    """Return what a month costs though nobody works.

    Parameters
    ----------
    hub : Hub
        The settings; the core pool's first kind of machine is counted.
    sizes : Sizes
        How many core machines and how large a volume of homes.

    Returns
    -------
    tuple of Item
        One line for each thing, in USD a month.

    Raises
    ------
    NoMachineFits
        There is no core pool.
    """
    price = table().services
    core = fit.core_machine(hub).price_usd_per_h
    hourly = {
        "EKS control plane": price.control_plane_usd_per_h,
        f"core machines, {sizes.core_nodes}": core * sizes.core_nodes,
        f"NAT gateways, {sizes.nat_gateways}": (
            price.nat_gateway_usd_per_h * sizes.nat_gateways
        ),
        "load balancer": price.load_balancer_usd_per_h,
        # The load balancer has one in each of two zones.
        "public addresses": price.address_usd_per_h * (2 + sizes.nat_gateways),
    }
    disks = CORE_DISK_GIB * sizes.core_nodes + HUB_DISK_GIB
    fast = max(0, sizes.home_throughput_mib_s - 125) * price.throughput_usd_per_mib_s
    snapshots = sizes.home_gib * SNAPSHOT_SHARE * price.snapshot_usd_per_gib_month
    logs = LOGS_GB_PER_MONTH * price.logs_usd_per_gb + KEYS * price.key_usd_per_month
    monthly = {
        f"homes, {sizes.home_gib:g} GiB": (
            sizes.home_gib * price.volume_usd_per_gib_month + fast
        ),
        "snapshots of homes": snapshots,
        "other disks": disks * price.volume_usd_per_gib_month,
        "logs and keys": logs,
    }
    return tuple(
        [Item(what, usd * HOURS_PER_MONTH) for what, usd in hourly.items()]
        + [Item(what, usd) for what, usd in monthly.items()]
    )


def warm_seat(hub: Hub, hours_per_month: float = WORKING_HOURS_PER_MONTH) -> Item:
    """Return what it costs to keep one machine of the default profile ready."""
    ready = fit.smallest(hub, fit.need_of(hub, hub.default_profile))
    what = f"one warm {ready.machine}, {hours_per_month:g} h"
    return Item(what, ready.usd_per_h * hours_per_month)


def month(hub: Hub, people: int, hours: float, worker_hours: float) -> Range:
    """Return what people's own machines cost in a month, on the default profile.

    Parameters
    ----------
    hub : Hub
        The settings.
    people : int
        How many work in the month.
    hours : float
        How long each has a server, in hours.
    worker_hours : float
        Hours of Dask workers of the default size, for each person.

    Returns
    -------
    Range
        From full machines to everybody alone; Dask's share is the same in both.
    """
    need = fit.need_of(hub, hub.default_profile)
    worker = fit.densest(hub, fit.worker_need(hub)).usd_per_person_h * worker_hours
    low = fit.densest(hub, need).usd_per_person_h * hours
    high = fit.smallest(hub, need).usd_per_h * hours
    return Range(people * (low + worker), people * (high + worker))


def class_day(hub: Hub, people: int, hours: float) -> ClassDay:
    """Return what a class on the default profile costs, and how large one may be.

    Parameters
    ----------
    hub : Hub
        The settings.
    people : int
        How many work at once.
    hours : float
        How long, in hours.

    Returns
    -------
    ClassDay
        On the machines that cost least of those of which the pool may buy enough.
    """
    need = fit.need_of(hub, hub.default_profile)
    pool = hub.node_pools[need.node_pool]
    choices = fit.fits(hub, need)
    most = pool.max_nodes * max(one.people for one in choices)

    def rank(one: fit.Fit) -> tuple[bool, float]:
        machines = math.ceil(people / one.people)
        return machines > pool.max_nodes, machines * one.usd_per_h

    best = min(choices, key=rank)
    machines = math.ceil(people / best.people)
    usd = machines * best.usd_per_h * hours
    return ClassDay(people, machines, best.machine, usd, most)


def worst_hour(hub: Hub) -> tuple[Item, ...]:
    """Return the dearest hour that the pools' ceilings allow, pool by pool.

    Every pool is full of its dearest machine, and spot costs as much as on demand.
    """
    return tuple(
        Item(
            f"{name}: {pool.max_nodes} machines",
            pool.max_nodes * max(machine.price_usd_per_h for machine in pool.machines),
        )
        for name, pool in hub.node_pools.items()
    )


def warnings(hub: Hub, today: date) -> tuple[str, ...]:
    """Return what makes these numbers doubtful, or an environment dear.

    Parameters
    ----------
    hub : Hub
        The settings.
    today : date
        The day on which somebody reads the numbers.
    """
    prices = table()
    age = (today - prices.date).days
    found = []
    if age > STALE_AFTER_DAYS:
        found.append(
            f"instances.toml: prices are {age} days old, of {prices.date}; "
            "compare them with AWS's price list and set the date"
        )
    regions = {archive.region for archive in hub.archives.values()}
    for name, place in hub.environments.items():
        if place.region != prices.region:
            found.append(
                f"environments.{name}.region: prices are those of {prices.region!r}, "
                f"the environment is in {place.region!r}"
            )
        for other in sorted(regions - {place.region}):
            found.append(
                f"environments.{name}.region: an archive is in {other!r}; reading it "
                f"from {place.region!r} costs "
                f"{1000 * prices.services.other_region_usd_per_gb:.0f} USD a TB"
            )
    return tuple(found)
