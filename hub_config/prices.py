"""What an hour of a server or of a Dask worker costs: its share of a full machine."""

from __future__ import annotations

from . import fit
from .settings import GIB, Hub
from .tables import Span
from .usage import Workers


def prices(hub: Hub) -> dict[str, float]:
    """Return what an hour of each profile costs in USD: its share of a full machine."""
    if not hub.usage.show_usd:
        return {}
    return {
        name: fit.smallest(hub, fit.need_of(hub, name)).usd_per_person_h
        for name in hub.profiles
    }


def worker_price(hub: Hub, one: Workers) -> float:
    """Return what an hour of a worker costs in USD: its share of a full machine."""
    if not hub.usage.show_usd:
        return 0.0
    cpu = Span(guarantee=one.cores, limit=one.cores)
    memory_gib = one.memory_bytes / GIB
    memory = Span(guarantee=memory_gib, limit=memory_gib)
    need = fit.Need("dask worker", cpu, memory, 0, hub.dask.node_pool)
    try:
        return fit.smallest(hub, need).usd_per_person_h
    except fit.NoMachineFits:
        # Larger than the settings allow now: its hours count, its price is unknown.
        return 0.0
