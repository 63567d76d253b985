"""Which machine a profile runs on, how many share it, what an hour costs each.

A machine keeps a profile's promise when its limit is reachable there; people share it
as long as their guarantees fit side by side.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from .failure import Failure
from .machines import Machine, table
from .settings import Hub
from .tables import Profile, Span

TRIM_SHARE = 0.05


class NoMachineFits(Failure, ValueError):
    """No machine that a pool may buy keeps what a profile promises."""


@dataclass(frozen=True)
class Need:
    """What one server or worker takes: guarantees, limits, and from which pool."""

    name: str
    cpu: Span
    memory_gib: Span
    gpus: int
    node_pool: str


@dataclass(frozen=True)
class Fit:
    """One need on one kind of machine.

    Attributes
    ----------
    machine : str
        The machine's name in ``instances.toml``.
    people : int
        How many fit side by side, by their guarantees.
    usd_per_h : float
        Price of the whole machine, for a spot pool at the usual spot price.
    """

    machine: str
    people: int
    usd_per_h: float

    @property
    def usd_per_person_h(self) -> float:
        """Price of an hour for each, when the machine is full."""
        return self.usd_per_h / self.people


@dataclass(frozen=True)
class Trim:
    """A guarantee a little smaller that lets people share a cheaper machine."""

    cpu: float
    limit: float
    fit: Fit
    saved_share: float


def need_of(hub: Hub, profile: str) -> Need:
    """Return what a server of a profile takes."""
    of = hub.profiles[profile]
    return Need(profile, of.cpu, of.memory_gib, of.gpus, of.node_pool)


def worker_need(hub: Hub) -> Need:
    """Return what a Dask worker of the default size takes."""
    cpu, memory_gib = hub.dask.worker_cpu.default, hub.dask.worker_memory_gib.default
    return Need(
        "dask worker",
        Span(guarantee=cpu, limit=cpu),
        Span(guarantee=memory_gib, limit=memory_gib),
        0,
        hub.dask.node_pool,
    )


def core_machine(hub: Hub) -> Machine:
    """Return the machine that the hub itself runs on: the core pool's first.

    Raises
    ------
    NoMachineFits
        There is no core pool.
    """
    if "core" not in hub.node_pools:
        raise NoMachineFits(
            "node_pools: no pool 'core', which runs the hub itself; "
            f"there are {', '.join(hub.node_pools)}; add it"
        )
    return hub.node_pools["core"].machines[0]


def fits(hub: Hub, need: Need) -> tuple[Fit, ...]:
    """Return the machines that keep the promise, the cheapest first.

    Raises
    ------
    NoMachineFits
        There is none; the line says what the pool may buy.
    """
    pool = hub.node_pools[need.node_pool]
    share = table().spot_share if pool.capacity == "spot" else 1
    found = [
        Fit(name, _people(need, machine), machine.price_usd_per_h * share)
        for name, machine in zip(pool.instance_types, pool.machines, strict=True)
        if _honours(need, machine)
    ]
    if not found:
        raise NoMachineFits(
            f"{need.name}: promises up to {need.cpu.limit:g} cores, "
            f"{need.memory_gib.limit:g} GiB and {need.gpus} GPUs; pool "
            f"{need.node_pool!r} may buy {', '.join(pool.instance_types)}, and none of "
            "them leaves so much; lower the limit or add a machine"
        )
    return tuple(sorted(found, key=lambda fit: fit.usd_per_h))


def smallest(hub: Hub, need: Need) -> Fit:
    """Return the cheapest machine that keeps the promise."""
    return fits(hub, need)[0]


def densest(hub: Hub, need: Need) -> Fit:
    """Return the machine on which an hour is cheapest for each, once it is full."""
    # Rounded, or a hundredth of a cent would decide for a machine four times as large.
    return min(
        fits(hub, need), key=lambda fit: (round(fit.usd_per_person_h, 3), fit.usd_per_h)
    )


def trim(hub: Hub, profile: str) -> Trim | None:
    """Return the whole number of cores, up to 5 % fewer, that would save money.

    Returns
    -------
    Trim or None
        None where no such guarantee makes a person's hour cheaper.
    """
    now = hub.profiles[profile]
    cpu = math.ceil(now.cpu.guarantee) - 1
    if cpu < now.cpu.guarantee * (1 - TRIM_SHARE) or cpu < 1:
        return None
    trimmed = _with_cpu(now, cpu)
    need = Need(profile, trimmed.cpu, now.memory_gib, now.gpus, now.node_pool)
    before, after = densest(hub, need_of(hub, profile)), densest(hub, need)
    saved = 1 - after.usd_per_person_h / before.usd_per_person_h
    return Trim(cpu, trimmed.cpu.limit, after, saved) if saved > 0.01 else None


def _with_cpu(profile: Profile, guarantee: float) -> Profile:
    limit = profile.cpu.limit * guarantee / profile.cpu.guarantee
    cpu = Span(guarantee=guarantee, limit=limit)
    return profile.model_copy(update={"cpu": cpu})


def _honours(need: Need, machine: Machine) -> bool:
    return (
        need.cpu.limit <= machine.usable_cpu
        and need.memory_gib.limit <= machine.usable_memory_gib
        and need.gpus <= machine.gpus
    )


def _people(need: Need, machine: Machine) -> int:
    room = [
        machine.usable_cpu / need.cpu.guarantee,
        machine.usable_memory_gib / need.memory_gib.guarantee,
    ]
    if need.gpus:
        room.append(machine.gpus / need.gpus)
    return math.floor(min(room) + 1e-9)  # 0.3 holds three times 0.1
