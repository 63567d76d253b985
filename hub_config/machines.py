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


class Machines(BaseModel):
    """The whole table, and the day its prices were true."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    date: date
    machines: dict[str, Machine]


@lru_cache
def table() -> Machines:
    """Return the machines that a node pool may name."""
    return Machines.model_validate(tomllib.loads(TABLE.read_text()))
