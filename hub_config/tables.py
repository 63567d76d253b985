"""The tables of ``hub.toml``, each by itself: its keys, their kinds and bounds.

What one table says about another is checked where they meet, in `settings`.
"""

from __future__ import annotations

from ipaddress import IPv4Address
from typing import Annotated, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)

from .machines import Machine, table

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Url = Annotated[str, StringConstraints(pattern=r"^https?://[^\s/]+(/\S*)?[^\s/]$")]
Variable = Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z0-9_]*$")]
Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]*$", max_length=40)]
Image = Annotated[str, StringConstraints(pattern=r"^[a-z0-9./-]+:[\w.-]+$")]
Host = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]+(\.[a-z0-9-]+)+$")]
Port = Annotated[int, Field(gt=0, le=65535, strict=True)]


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


class Volume(Table):
    """A volume of the site, mounted read-only: software that no image may hold."""

    claim: Name
    path: Annotated[str, StringConstraints(pattern=r"^/opt/[a-z0-9-]+$")]


class Profile(Table):
    """One size of server on the start page."""

    display_name: Text
    summary: Text
    cpu: Span
    memory_gib: Span
    gpus: int = Field(default=0, ge=0)
    images: tuple[str, ...] = Field(min_length=1)
    node_pool: str
    default: bool = False
    own_licence: bool = False
    volume: Volume | None = None

    @property
    def need(self) -> tuple[float, float, int]:
        """Cores, GiB and GPUs that a machine must have left."""
        return self.cpu.limit, self.memory_gib.limit, self.gpus

    @model_validator(mode="after")
    def _memory_is_not_overcommitted(self) -> Self:
        memory = self.memory_gib
        if memory.limit > 2 * memory.guarantee:
            raise ValueError(
                f"memory limit {memory.limit:g} is more than twice the guarantee "
                f"{memory.guarantee:g}: neighbours would be killed for it"
            )
        return self


class LicenceServer(Table):
    """A licence server that people may name at the start; opens its address to them.

    `vendor_port` is that of MathWorks' daemon behind it (``DAEMON MLM … port=``), which
    must be fixed for a firewall to let it through.
    """

    host: Host
    address: IPv4Address
    port: Port
    vendor_port: Port

    @model_validator(mode="after")
    def _is_one_machine(self) -> Self:
        address = self.address
        # Among them 169.254.169.254, which hands out the cloud's secrets.
        if (
            address.is_loopback
            or address.is_link_local
            or address.is_multicast
            or address.is_unspecified
        ):
            raise ValueError(f"{address} is no address of a licence server")
        return self

    @property
    def typed(self) -> str:
        """What a person types to use it."""
        return f"{self.port}@{self.host}"


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
    cores_per_person: float = Field(gt=0)
    memory_gib_per_person: float = Field(gt=0)
    idle_timeout_min: float = Field(gt=0)

    @model_validator(mode="after")
    def _one_worker_fits_its_person(self) -> Self:
        for unit, worker, person in (
            ("cores", self.worker_cpu.max, self.cores_per_person),
            ("GiB", self.worker_memory_gib.max, self.memory_gib_per_person),
        ):
            if worker > person:
                raise ValueError(
                    f"one worker may have {worker:g} {unit}, "
                    f"but all workers of a person only {person:g}"
                )
        return self

    @property
    def need(self) -> tuple[float, float, int]:
        """Cores, GiB and GPUs of the largest worker."""
        return self.worker_cpu.max, self.worker_memory_gib.max, 0


class Home(Table):
    """The folder a person keeps."""

    quota_gib: float = Field(gt=0)
    warn_after_days: int = Field(default=180, ge=30)
    put_away_after_days: int = Field(default=210, ge=37)
    delete_after_days: int = Field(default=570, ge=67)

    @model_validator(mode="after")
    def _nobody_is_surprised(self) -> Self:
        for first, then, days in (
            ("warn_after_days", "put_away_after_days", 7),
            ("put_away_after_days", "delete_after_days", 30),
        ):
            if getattr(self, then) < getattr(self, first) + days:
                raise ValueError(
                    f"{then} {getattr(self, then)} is less than {days} days after "
                    f"{first} {getattr(self, first)}: people need that long"
                )
        return self


class Idle(Table):
    """When a server stops by itself."""

    cull_after_min: float = Field(gt=0)
    report_interval_min: float = Field(gt=0)
    busy_cap_h: float = Field(gt=0)
    max_age_h: float = Field(gt=0)
    warn_min: float = Field(default=10, gt=0)

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


class Usage(Table):
    """What people are told of what they use, and when it is too much."""

    show_usd: bool = True
    warn_usd_per_month: float = Field(default=0, ge=0)
    stop_usd_per_month: float = Field(default=0, ge=0)
    stop_core_hours_per_day: float = Field(default=0, ge=0)

    @model_validator(mode="after")
    def _warned_before_stopped(self) -> Self:
        if 0 < self.stop_usd_per_month <= self.warn_usd_per_month:
            raise ValueError(
                f"stop_usd_per_month {self.stop_usd_per_month:g} is not above "
                f"warn_usd_per_month {self.warn_usd_per_month:g}: "
                "people would be stopped before they are told"
            )
        if not self.show_usd and (self.warn_usd_per_month or self.stop_usd_per_month):
            raise ValueError("a limit in USD needs show_usd = true")
        return self


class Environment(Table):
    """One place in the cloud where this hub runs."""

    host: Host
    region: Text
    registry: Text
