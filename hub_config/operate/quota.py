"""Whether the account's quotas let so many people start at once.

AWS counts vCPUs, in classes of machines.  A new account often may run five: everything
deploys, and the first class stands before "no machine free".
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from typing import Any, Protocol

from .. import fit
from ..failure import Failure
from ..settings import Hub

# Codes of AWS's service "ec2"; `max_nodes` of hub.toml bounds each from our side.
CODES = {
    "standard": "L-1216C47A",
    "gpu": "L-DB2E81BA",
    "spot": "L-34B43A08",
}
NAMES = {
    "standard": "Running On-Demand Standard instances",
    "gpu": "Running On-Demand G and VT instances",
    "spot": "All Standard Spot Instance Requests",
}


class CouldNotAsk(Failure, RuntimeError):
    """AWS did not say what the quota is: no credentials, no permission, no answer."""


class ServiceQuotas(Protocol):
    """The one call of AWS's client that is used here."""

    def get_service_quota(self, **query: str) -> dict[str, Any]:
        """Return a quota by service and code."""


@dataclass(frozen=True)
class Demand:
    """How many people of each kind shall work at once."""

    people: int
    on_gpu: int = 0
    workers: int = 0


@dataclass(frozen=True)
class Verdict:
    """One quota: what is needed, and what the account may have."""

    kind: str
    needed_vcpu: int
    allowed_vcpu: int

    @property
    def is_enough(self) -> bool:
        """Whether all of them can start."""
        return self.needed_vcpu <= self.allowed_vcpu

    def __str__(self) -> str:
        """Return one line: what is needed, what there is, what to do."""
        line = (
            f"{self.kind}: needs {self.needed_vcpu} vCPU, "
            f"the account has {self.allowed_vcpu}"
        )
        if self.is_enough:
            return line
        return (
            f"{line}; ask AWS for {self.needed_vcpu} of {NAMES[self.kind]!r} "
            f"({CODES[self.kind]}): it takes hours to days"
        )


def needed_vcpu(hub: Hub, demand: Demand, core_nodes: int) -> dict[str, int]:
    """Return the vCPUs that a demand takes, by quota.

    Parameters
    ----------
    hub : Hub
        The settings.
    demand : Demand
        People on the default profile, on the first profile with a GPU, and Dask workers
        of the default size.
    core_nodes : int
        Core machines, which count too.

    Returns
    -------
    dict
        vCPUs by kind of quota; only kinds of which something is needed.

    Raises
    ------
    NoMachineFits
        A profile promises what no machine of its pool keeps, or there is no core pool.
    """
    found: Counter[str] = Counter()
    core = math.ceil(fit.core_machine(hub).cpu)
    found[_kind(hub, "core")] += core_nodes * core
    wanted = [(fit.need_of(hub, hub.default_profile), demand.people)]
    gpu_profiles = [name for name, one in hub.profiles.items() if one.gpus]
    if gpu_profiles:
        wanted.append((fit.need_of(hub, gpu_profiles[0]), demand.on_gpu))
    wanted.append((fit.worker_need(hub), demand.workers))
    for need, count in wanted:
        found[_kind(hub, need.node_pool)] += _vcpu(hub, need, count)
    return {kind: vcpu for kind, vcpu in found.items() if vcpu}


def compare(needed: dict[str, int], quotas: ServiceQuotas) -> tuple[Verdict, ...]:
    """Ask AWS for each quota, and say whether it is enough.

    Raises
    ------
    CouldNotAsk
        AWS gave no answer, which is not the same as "too little".
    """
    return tuple(
        Verdict(kind, vcpu, _allowed(quotas, kind)) for kind, vcpu in needed.items()
    )


def client(region: str) -> ServiceQuotas:
    """Return AWS's client for quotas.

    Raises
    ------
    CouldNotAsk
        boto3 is not installed, or AWS's settings on this machine are wrong.
    """
    try:
        import boto3
        from botocore.exceptions import BotoCoreError
    except ImportError:
        raise CouldNotAsk(
            "quota: boto3 is not installed; pip install 'archive-hub[operate]'"
        ) from None
    try:
        made: ServiceQuotas = boto3.client("service-quotas", region_name=region)
    except (BotoCoreError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise CouldNotAsk(
            f"quota: AWS cannot be asked in {region!r}: {reason}; "
            "correct AWS's settings here, or the region in hub.toml"
        ) from None
    return made


def _allowed(quotas: ServiceQuotas, kind: str) -> int:
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        answer = quotas.get_service_quota(ServiceCode="ec2", QuotaCode=CODES[kind])
    except ClientError as error:
        code = error.response["Error"]["Code"]
        raise CouldNotAsk(
            f"quota {kind}: AWS answered {code}; the caller needs "
            "servicequotas:GetServiceQuota and valid credentials"
        ) from None
    except BotoCoreError as error:
        reason = " ".join(str(error).split())
        raise CouldNotAsk(
            f"quota {kind}: could not ask AWS: {reason}; log in to AWS and try again"
        ) from None
    return int(answer["Quota"]["Value"])


def _vcpu(hub: Hub, need: fit.Need, count: int) -> int:
    best = fit.smallest(hub, need)
    pool = hub.node_pools[need.node_pool]
    machine = pool.machines[pool.instance_types.index(best.machine)]
    return math.ceil(count / best.people) * math.ceil(machine.cpu)


def _kind(hub: Hub, node_pool: str) -> str:
    pool = hub.node_pools[node_pool]
    if any(machine.gpus for machine in pool.machines):
        return "gpu"
    return "spot" if pool.capacity == "spot" else "standard"
