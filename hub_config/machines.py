"""The cloud's machines: what they have, what is left for people, what they cost.

The table is ``instances.toml`` beside this file.  It is read by `settings`, which
proves that each profile fits a machine, and by whatever counts money.
"""

from __future__ import annotations

import tomllib
from datetime import date
from functools import lru_cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

TABLE = Path(__file__).with_name("instances.toml")


class Machine(BaseModel):
    """One kind of machine.

    ``usable_*`` is what is left for user servers after the system's own share.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    cpu: float = Field(gt=0)
    memory_gib: float = Field(gt=0)
    gpus: int = 0
    usable_cpu: float = Field(gt=0)
    usable_memory_gib: float = Field(gt=0)
    price_usd_per_h: float = Field(gt=0)

    def holds(self, cpu: float, memory_gib: float, gpus: int) -> bool:
        """Tell whether so much is left on an empty machine."""
        return (
            cpu <= self.usable_cpu
            and memory_gib <= self.usable_memory_gib
            and gpus <= self.gpus
        )


class Services(BaseModel):
    """Prices in USD of what runs whether or not anybody works."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    control_plane_usd_per_h: float = Field(gt=0)
    nat_gateway_usd_per_h: float = Field(gt=0)
    nat_usd_per_gb: float = Field(gt=0)
    load_balancer_usd_per_h: float = Field(gt=0)
    address_usd_per_h: float = Field(gt=0)
    volume_usd_per_gib_month: float = Field(gt=0)
    throughput_usd_per_mib_s: float = Field(gt=0)
    snapshot_usd_per_gib_month: float = Field(gt=0)
    key_usd_per_month: float = Field(gt=0)
    logs_usd_per_gb: float = Field(gt=0)
    other_region_usd_per_gb: float = Field(gt=0)


class Machines(BaseModel):
    """The whole table, where its prices hold, and the day they were true."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    date: date
    region: str
    spot_share: float = Field(gt=0, le=1)
    services: Services
    machines: dict[str, Machine]


@lru_cache
def table() -> Machines:
    """Return the machines that a node pool may name."""
    return Machines.model_validate(tomllib.loads(TABLE.read_text()))
