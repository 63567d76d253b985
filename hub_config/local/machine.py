"""What this machine can give of each profile, and the sentence that says so."""

from __future__ import annotations

import shutil
from dataclasses import dataclass

import psutil

from ..settings import GIB, Hub, Profile

# What the hub, the stand-ins and the person's browser need beside the servers.
RESERVED_BYTES = 2 * GIB
LARGEST_SHARE = 0.75


@dataclass(frozen=True)
class Machine:
    """The cores, memory and GPUs of this machine."""

    cores: int
    memory: int
    gpu: bool

    @classmethod
    def here(cls) -> Machine:
        """Measure this one."""
        process = psutil.Process()
        affinity = getattr(process, "cpu_affinity", None)
        cores = len(affinity()) if affinity else (psutil.cpu_count() or 1)
        return cls(
            cores=cores,
            memory=psutil.virtual_memory().total,
            gpu=shutil.which("nvidia-smi") is not None,
        )

    @property
    def memory_for_one(self) -> int:
        """The most bytes one server may have."""
        return max(
            self.memory // 2,
            int(min(self.memory * LARGEST_SHARE, self.memory - RESERVED_BYTES)),
        )


@dataclass(frozen=True)
class Offer:
    """One profile on this machine.

    Attributes
    ----------
    unavailable : str
        Why it cannot be started here; empty when it can.
    note : str
        How it differs from the cloud's; empty when it does not.
    cpu_limit, memory_limit : float, int
        Cores and bytes that a server gets here.
    """

    unavailable: str
    note: str
    cpu_limit: float
    memory_limit: int


def offer(profile: Profile, machine: Machine) -> Offer:
    """Return what `machine` gives of `profile`."""
    cpu = min(profile.cpu.limit, machine.cores)
    memory = min(int(profile.memory_gib.limit * GIB), machine.memory_for_one)
    note = ""
    if (cpu, memory) != (profile.cpu.limit, int(profile.memory_gib.limit * GIB)):
        note = f"On this machine: {cpu:g} cores, {memory / GIB:.3g} GiB."
    return Offer(_unavailable(profile, machine), note, cpu, memory)


def _unavailable(profile: Profile, machine: Machine) -> str:
    if profile.gpus and not machine.gpu:
        return "Not on this machine: it has no NVIDIA GPU."
    if profile.gpus:
        return "Not on this machine: the GPU environment is only in the gpu image."
    if "base" not in profile.images:
        return (
            f"Not on this machine: {profile.display_name} needs the "
            f"{profile.images[0]} image, which only the cloud has."
        )
    return ""


def offers(hub: Hub, machine: Machine) -> dict[str, Offer]:
    """Return the offer of each profile, by name."""
    return {name: offer(profile, machine) for name, profile in hub.profiles.items()}
