"""The settings of one hub: read from ``hub.toml``, checked once, then immutable.

Cores and GiB (2**30 bytes) throughout.  Every fault is one line that names the file, the dotted
key, what is wrong and what there is instead.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    model_validator,
)

from .machines import Machine, table

GIB = 2**30
DECLARATION = Path(__file__).with_name("hub.toml")

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Url = Annotated[str, StringConstraints(pattern=r"^https?://[^\s/]+(/\S*)?[^\s/]$")]
Variable = Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z0-9_]*$")]
Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]*$", max_length=40)]
Image = Annotated[str, StringConstraints(pattern=r"^[a-z0-9./-]+:[\w.-]+$")]
Host = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]+(\.[a-z0-9-]+)+$")]


class SettingsError(ValueError):
    """A setting is missing, unknown, or contradicts another one."""


class Table(BaseModel):
    """One table of ``hub.toml``: no unknown keys, no change after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class About(Table):
    """The hub's name, whom to ask, and what a person agrees to."""

    name: Text
    support: Text
    terms_version: Text
    terms: Text
    privacy: Text


class Archive(Table):
    """An archive whose registered people may log in, and where its data are."""

    name: Text
    api_url: Url
    web_url: Url
    register_url: Url
    bucket: Text
    region: Text
    token_env: Variable
    exact_list: bool = False


class Login(Table):
    """How often and how patiently people are looked up."""

    recheck_min: float = Field(gt=0)
    grace_h: float = Field(ge=0)
    timeout_s: float = Field(gt=0, le=30)
    admins: tuple[Annotated[int, Field(gt=0, strict=True)], ...] = ()


class Span(Table):
    """What a server is sure to get (`guarantee`) and may burst to (`limit`)."""

    guarantee: float = Field(gt=0)
    limit: float = Field(gt=0)

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.guarantee > self.limit:
            raise ValueError(
                f"guarantee {self.guarantee:g} is above limit {self.limit:g}"
            )
        return self


class NodePool(Table):
    """Machines of one kind, as many as the running servers need."""

    instance_types: tuple[str, ...] = Field(min_length=1)
    max_nodes: int = Field(gt=0)
    capacity: Literal["on-demand", "spot"]

    @model_validator(mode="after")
    def _known(self) -> Self:
        known = table().machines
        for name in self.instance_types:
            if name not in known:
                raise ValueError(
                    f"no machine {name!r} in instances.toml; "
                    f"there are {', '.join(known)}"
                )
        return self

    @property
    def machines(self) -> tuple[Machine, ...]:
        """What this pool may buy."""
        return tuple(table().machines[name] for name in self.instance_types)


class Profile(Table):
    """One size of server on the start page."""

    display_name: Text
    summary: Text
    cpu: Span
    memory_gib: Span
    gpus: int = Field(default=0, ge=0)
    image: str
    node_pool: str
    default: bool = False

    @model_validator(mode="after")
    def _memory_is_not_overcommitted(self) -> Self:
        memory = self.memory_gib
        if memory.limit > 2 * memory.guarantee:
            raise ValueError(
                f"memory limit {memory.limit:g} is more than twice the guarantee "
                f"{memory.guarantee:g}: neighbours would be killed for it"
            )
        return self


class Choice(Table):
    """A number that a person picks, from 1 to `max`."""

    default: float = Field(ge=1)
    max: float = Field(ge=1)

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.default > self.max:
            raise ValueError(f"default {self.default:g} is above max {self.max:g}")
        return self


class Dask(Table):
    """Ceilings of one person's Dask clusters, summed over all of them."""

    node_pool: str
    worker_cpu: Choice
    worker_memory_gib: Choice
    clusters_per_person: int = Field(gt=0)
    workers_per_person: int = Field(gt=0)
    idle_timeout_min: float = Field(gt=0)


class Home(Table):
    """The folder a person keeps."""

    quota_gib: float = Field(gt=0)


class Idle(Table):
    """When a server stops by itself."""

    cull_after_min: float = Field(gt=0)
    report_interval_min: float = Field(gt=0)
    busy_cap_h: float = Field(gt=0)
    max_age_h: float = Field(gt=0)

    @model_validator(mode="after")
    def _reports_come_in_time(self) -> Self:
        if self.cull_after_min < 2 * self.report_interval_min:
            raise ValueError(
                f"cull_after_min {self.cull_after_min:g} is below twice "
                f"report_interval_min {self.report_interval_min:g}: "
                "a working server would look idle"
            )
        if self.busy_cap_h > self.max_age_h:
            raise ValueError(
                f"busy_cap_h {self.busy_cap_h:g} is above max_age_h {self.max_age_h:g}"
            )
        return self


class Environment(Table):
    """One place in the cloud where this hub runs."""

    host: Host
    region: Text
    registry: Text


class Hub(Table):
    """Everything that more than one tool must agree on."""

    hub: About
    archives: dict[Name, Archive] = Field(min_length=1)
    login: Login
    images: dict[Name, Image]
    node_pools: dict[Name, NodePool]
    profiles: dict[Name, Profile]
    dask: Dask
    home: Home
    idle: Idle
    environments: dict[Name, Environment] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        for name, profile in self.profiles.items():
            if profile.image not in self.images:
                raise ValueError(
                    f"profiles.{name}.image: no image {profile.image!r}; "
                    f"there are {', '.join(self.images)}"
                )
            need = (profile.cpu.limit, profile.memory_gib.limit, profile.gpus)
            self._fits(f"profiles.{name}", profile.node_pool, *need)
        dask = self.dask
        need = (dask.worker_cpu.max, dask.worker_memory_gib.max, 0)
        self._fits("dask", dask.node_pool, *need)
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
        if not any(
            cpu <= machine.usable_cpu
            and memory_gib <= machine.usable_memory_gib
            and gpus <= machine.gpus
            for machine in pool.machines
        ):
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
