"""Rules about the start page: what is promised is what is given."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from ..machines import Machine, table
from ..profiles import GPU_RESOURCE, POOL_LABEL
from .deployment import Deployment, Server, choice_table
from .findings import Fault, rule
from .quantities import cores, gib

LIST = ("jupyterhub", "singleuser", "profileList")
TYPE_LABEL = "node.kubernetes.io/instance-type"
NUMBER = r"(\d+(?:\.\d+)?)"
RANGE = rf"{NUMBER}(?:(?: to |\s*-\s*){NUMBER})?\s*"
CORES = re.compile(RANGE + r"(?:v?CPUs?|cores?|C)\b", re.IGNORECASE)
# A GPU's own memory is no promise of the profile's.
MEMORY = re.compile(RANGE + r"(?:GiB|GB|G)\b(?!\s*(?:GPU|VRAM))", re.IGNORECASE)
PROMISES = (
    (CORES, "cpu", cores, "cores"),
    (MEMORY, "mem", gib, "GiB"),
)


def _profiles(d: Deployment) -> list[dict[str, Any]]:
    profiles = d.get("jupyterhub.singleuser.profileList", [])
    return profiles if isinstance(profiles, list) else []


@rule("P1")
def one_default(d: Deployment) -> Iterator[Fault]:
    """Mark exactly one profile, and one choice of each option, as the default.

    KubeSpawner picks one of several, or the first where none is marked: what the page
    shows and what a person gets can differ, and nobody sees why.
    """
    profiles = _profiles(d)
    defaults = [p for p in profiles if isinstance(p, dict) and p.get("default")]
    if profiles and len(defaults) != 1:
        yield LIST, f"{len(defaults)} profiles are the default; mark exactly one"
    for index, profile in enumerate(profiles):
        options = profile.get("profile_options") if isinstance(profile, dict) else None
        for name, option in (options if isinstance(options, dict) else {}).items():
            choices = choice_table(option)
            marked = sum(bool(choice.get("default")) for choice in choices.values())
            if choices and marked != 1:
                path = (*LIST, index, "profile_options", name, "choices")
                yield path, f"{marked} choices are the default; mark exactly one"


@rule("P2")
def text_agrees(d: Deployment) -> Iterator[Fault]:
    """Let a profile's text agree with its numbers.

    The text is all that a person has to choose by.  Each number of cores or GiB in it
    must be the guarantee or the limit.  Best is to make the text from the numbers.
    """
    for server in d.servers():
        for pattern, key, read, unit in PROMISES:
            given = [
                read(server.traits.get(f"{key}_{k}")) for k in ("guarantee", "limit")
            ]
            wrong = [n for n in _numbers(pattern, server.text) if n not in given]
            if wrong:
                low, high = (_text(value) for value in given)
                what = f"guaranteed are {low}, the limit is {high}"
                said = f"the text says {wrong[0]:g} {unit}, {what}"
                yield server.path, f"{said}; say what is given"


def _numbers(pattern: re.Pattern[str], text: str) -> Iterator[float]:
    for found in pattern.finditer(text):
        yield from (float(number) for number in found.groups() if number)


def _text(value: float | None) -> str:
    return "none" if value is None else f"{value:g}"


@rule("P3")
def fits(d: Deployment) -> Iterator[Fault]:
    """Let a profile's guarantee fit a machine.

    A server whose guarantee no machine has waits until its start times out.  Known are
    the machines of a pool of ours (label hub.jupyter.org/node-pool) and those named by
    node.kubernetes.io/instance-type; what is left after the system's share counts.
    """
    for server in d.servers():
        yield from _misfits(d, server, "guarantee", "can never start")


@rule("P4")
def reachable(d: Deployment) -> Iterator[Fault]:
    """Let a profile's limit be reachable on a machine.

    A limit above what the machine has is an empty promise: "up to 12 cores" on 8.  For
    memory it is worse: the kernel then ends what it picks, not the server at its limit.
    """
    for server in d.servers():
        yield from _misfits(d, server, "limit", "is never reached")


def _misfits(
    d: Deployment, server: Server, which: str, consequence: str
) -> Iterator[Fault]:
    machines = _machines(d, server.traits)
    cpu = cores(server.traits.get(f"cpu_{which}")) or 0
    memory = gib(server.traits.get(f"mem_{which}")) or 0
    resources = server.traits.get("extra_resource_limits")
    gpus = cores(resources.get(GPU_RESOURCE)) if isinstance(resources, dict) else 0
    if machines and not any(_holds(one, cpu, memory, gpus or 0) for one in machines):
        best = max(machines, key=lambda machine: machine.usable_memory_gib)
        need = f"{cpu:g} cores, {memory:.4g} GiB, {gpus or 0:g} GPUs"
        left = f"{best.usable_cpu:g} cores, {best.usable_memory_gib:g} GiB, {best.gpus}"
        text = f"the {which} ({need}) {consequence}: the largest machine leaves {left}"
        yield server.path, f"{text} GPUs; lower it or change the machine"


def _holds(machine: Machine, cpu: float, memory_gib: float, gpus: float) -> bool:
    return (
        machine.usable_cpu >= cpu
        and machine.usable_memory_gib >= memory_gib
        and machine.gpus >= gpus
    )


def _machines(d: Deployment, traits: dict[str, Any]) -> tuple[Machine, ...]:
    selector = traits.get("node_selector")
    selector = selector if isinstance(selector, dict) else {}
    pool = d.hub.node_pools.get(str(selector.get(POOL_LABEL)))
    if pool:
        return pool.machines
    machine = table().machines.get(str(selector.get(TYPE_LABEL)))
    return (machine,) if machine else ()


@rule("P5")
def memory_limit(d: Deployment) -> Iterator[Fault]:
    """Give every server a memory limit.

    Without one a server takes the machine's memory and its neighbours die.  The z2jh
    chart guarantees 1 GiB and sets no limit.
    """
    for server in d.servers():
        if d.has("jupyterhub") and not gib(server.traits.get("mem_limit")):
            text = "no memory limit; set mem_limit (singleuser.memory.limit)"
            yield server.path, text


@rule("P6")
def overcommitted(d: Deployment) -> Iterator[Fault]:
    """Keep a memory limit at most twice its guarantee.

    The scheduler packs by guarantees; memory, unlike CPU, cannot be taken back.  When
    everybody on a machine uses what they may, the kernel ends servers at random.
    """
    for server in d.servers():
        low, high = (gib(server.traits.get(f"mem_{k}")) for k in ("guarantee", "limit"))
        if low and high and high > 2 * low:
            text = f"memory limit {high:.4g} GiB is over twice the guarantee {low:.4g}"
            yield server.path, f"{text}; raise the guarantee"
