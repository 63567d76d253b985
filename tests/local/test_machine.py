"""A profile on this machine: clamped with a sentence, or listed with the reason."""

from __future__ import annotations

from hub_config.local.machine import Machine, offer, offers
from hub_config.settings import GIB

LAPTOP = Machine(cores=4, memory=16 * GIB, gpu=False)
WORKSTATION = Machine(cores=64, memory=512 * GIB, gpu=True)


def test_a_large_machine_gives_what_the_cloud_gives(hub):
    base = offer(hub.profiles["base"], WORKSTATION)
    assert (base.note, base.unavailable) == ("", "")
    assert (base.cpu_limit, base.memory_limit) == (12, 32 * GIB)


def test_a_laptop_gives_less_and_says_so(hub):
    base = offer(hub.profiles["base"], LAPTOP)
    assert base.note == "On this machine: 4 cores, 12 GiB."
    assert base.memory_limit == 12 * GIB


def test_what_only_the_cloud_has_is_listed_with_the_reason(hub):
    here = offers(hub, LAPTOP)
    assert "no NVIDIA GPU" in here["gpu"].unavailable
    assert "matlab image" in here["matlab"].unavailable
    assert list(here) == list(hub.profiles)


def test_the_system_keeps_memory_for_itself():
    small = Machine(cores=1, memory=3 * GIB, gpu=False)
    assert small.memory_for_one <= small.memory - GIB
