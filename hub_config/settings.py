"""The settings of one hub: read from ``hub.toml``, checked once, then immutable.

Cores and GiB (2**30 bytes) throughout.  Every fault is one line: the file, the dotted
key, what is wrong and what there is instead.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Self

from pydantic import Field, ValidationError, model_validator

from .canary_table import Canary
from .failure import Failure
from .tables import (
    About,
    Archive,
    Dask,
    Environment,
    Home,
    Idle,
    Image,
    LicenceServer,
    Login,
    Name,
    NodePool,
    Profile,
    Span,
    Table,
    Usage,
)

__all__ = [
    "Archive",
    "Dask",
    "Hub",
    "Login",
    "NodePool",
    "Profile",
    "SettingsError",
    "Span",
    "load",
]

GIB = 2**30
DECLARATION = Path(__file__).with_name("hub.toml")


class SettingsError(Failure, ValueError):
    """A setting is missing, unknown, or contradicts another one."""


class Hub(Table):
    """Everything that more than one tool must agree on."""

    hub: About
    archives: dict[Name, Archive] = Field(min_length=1)
    login: Login
    canary: Canary
    images: dict[Name, Image]
    node_pools: dict[Name, NodePool]
    profiles: dict[Name, Profile]
    licence_servers: dict[Name, LicenceServer] = Field(default_factory=dict)
    dask: Dask
    home: Home
    idle: Idle
    usage: Usage = Field(default_factory=Usage)
    environments: dict[Name, Environment] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        for name, profile in self.profiles.items():
            for image in profile.images:
                if image not in self.images:
                    raise ValueError(
                        f"profiles.{name}.images: no image {image!r}; "
                        f"there are {', '.join(self.images)}"
                    )
            self._fits(f"profiles.{name}", profile.node_pool, *profile.need)
        self._fits("dask", self.dask.node_pool, *self.dask.need)
        defaults = [name for name, profile in self.profiles.items() if profile.default]
        if len(defaults) != 1:
            raise ValueError(
                "profiles: exactly one must be the default, "
                f"got {', '.join(defaults) or 'none'}"
            )
        return self

    def _fits(
        self, where: str, node_pool: str, cpu: float, memory_gib: float, gpus: int
    ) -> None:
        pool = self.node_pools.get(node_pool)
        if pool is None:
            raise ValueError(
                f"{where}.node_pool: no node pool {node_pool!r}; "
                f"there are {', '.join(self.node_pools)}"
            )
        if not any(machine.holds(cpu, memory_gib, gpus) for machine in pool.machines):
            largest = max(pool.machines, key=lambda machine: machine.usable_memory_gib)
            raise ValueError(
                f"{where}: asks for {cpu:g} cores, {memory_gib:g} GiB, {gpus} GPUs; "
                f"the largest machine of pool {node_pool!r} leaves "
                f"{largest.usable_cpu:g} cores, {largest.usable_memory_gib:g} GiB, "
                f"{largest.gpus} GPUs"
            )

    @property
    def default_profile(self) -> str:
        """The name of the profile that is chosen when nobody chooses."""
        return next(name for name, profile in self.profiles.items() if profile.default)


def load(path: Path = DECLARATION) -> Hub:
    """Read and check the settings of a hub.

    Parameters
    ----------
    path : Path
        A TOML file with the tables of `Hub`; by default the one in this package.

    Returns
    -------
    Hub
        Immutable; every reference in it resolves and every profile fits a machine.

    Raises
    ------
    SettingsError
        One line per fault, each with the file and the dotted key.
    """
    try:
        return Hub.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise SettingsError(f"{path}: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path.name}: not TOML: {error}") from None
    except ValidationError as error:
        lines = (_line(path.name, fault) for fault in error.errors())
        raise SettingsError("\n".join(lines)) from None


def _line(file: str, fault: object) -> str:
    assert isinstance(fault, dict)
    key = ".".join(str(part) for part in fault["loc"] if part != "[key]")
    message = fault["msg"].removeprefix("Value error, ")
    if fault["type"] == "extra_forbidden":
        message = "no such setting; see docs/reference/settings.md"
    elif fault["type"] == "missing":
        message = "is missing"
    elif fault["type"] != "value_error" and not isinstance(fault["input"], dict):
        message = f"{message[0].lower()}{message[1:]}, got {fault['input']!r}"
    return ": ".join(filter(None, (file, key, message)))
