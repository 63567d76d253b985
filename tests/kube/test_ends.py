"""Why a server ended that nobody stopped: told to its owner, and only then."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace

import pytest

from hub_config import ends
from hub_config.spawner import RobustKubeSpawner


def pod(why=None, **terminated):
    state = {"terminated": terminated} if terminated else {"running": {}}
    container = {"name": "notebook", "state": state}
    return {"status": {"reason": why, "containerStatuses": [container]}}


@pytest.mark.parametrize(
    ("seen", "reasons", "said"),
    [
        (None, [], "machine"),
        (None, ["Killing"], "machine"),
        (pod("Evicted"), [], "machine"),
        ({"status": {"reason": "NodeLost"}}, [], "machine"),
        ({}, [], "machine"),
        (pod("Terminated", exitCode=137, reason="Error"), [], "machine"),
        (pod(exitCode=143, reason="Error"), ["Preempted"], "machine"),
        (pod(exitCode=137, reason="OOMKilled"), [], "more memory"),
        (pod(exitCode=1, reason="Error"), ["Started"], "by itself (status 1)"),
    ],
)
def test_the_reason_is_told(seen, reasons, said):
    events = [{"reason": reason} for reason in reasons]
    assert said in ends.why(seen, events)


def test_who_shut_it_down_from_within_is_told_no_fault():
    assert ends.why(pod(exitCode=0, reason="Completed"), []) == ""


def test_a_machine_that_is_emptied_is_no_shut_down_from_within():
    emptied = pod(exitCode=0, reason="Completed")
    emptied["metadata"] = {"deletionTimestamp": "2026-11-29T16:00:00Z"}
    assert "machine" in ends.why(emptied, [])


@pytest.fixture
async def running(kube, make_spawner):
    """A server that runs, as JupyterHub knows it."""
    spawner = make_spawner(RobustKubeSpawner)
    await spawner.start()
    spawner._server = SimpleNamespace(url="http://127.0.0.1")
    return spawner


async def gone(spawner):
    async with asyncio.timeout(5):
        while await spawner.poll() is None:
            await asyncio.sleep(0.02)


async def test_a_lost_pod_is_told_until_the_next_start(kube, running):
    kube.lose_pod(running.pod_name)
    await gone(running)
    assert "machine" in ends.ended(running.user.name)
    await running.start()
    assert ends.ended(running.user.name) == ""


async def test_a_server_that_is_being_stopped_did_not_end_by_itself(kube, running):
    running._stop_pending = True
    kube.lose_pod(running.pod_name)
    await gone(running)
    assert ends.ended(running.user.name) == ""


async def test_a_reason_that_cannot_be_read_hides_no_end(kube, running, monkeypatch):
    monkeypatch.setattr(ends, "why", lambda *_: {}["nothing"])
    kube.lose_pod(running.pod_name)
    await gone(running)
    assert ends.ended(running.user.name) == ""


def test_of_others_nothing_is_known():
    assert ends.ended("gh-1") == ""
