"""Each fault of the Kubernetes API, for our spawner and for the one it improves.

The original must fail where it is known to: should a new KubeSpawner survive, the test
says so, and our override can go.
"""

from __future__ import annotations

import asyncio
import contextlib

import pytest
from aiohttp import ClientConnectionError
from kubernetes_asyncio.client.rest import ApiException
from kubespawner import KubeSpawner

from hub_config.spawner import RobustKubeSpawner, StartFailed

# Of the reflectors' own clock: the original gives up after 51 s.
SHORT_OUTAGE_S, LONG_OUTAGE_S = 20, 65


async def alive(spawner) -> bool:
    """Whether JupyterHub would keep this server: a poll that raises loses it."""
    try:
        return await asyncio.wait_for(spawner.poll(), 10) is None
    except Exception:
        return False


async def starts(make, spawner_class, person: str) -> None:
    spawner = make(spawner_class, person)
    await spawner.start()
    assert await spawner.poll() is None


async def short_refusal(kube, make, spawner_class, spawner):
    await kube.relay.refuse()
    await kube.clock.passes(SHORT_OUTAGE_S, spawner_class)
    assert await alive(spawner)
    await kube.relay.open()
    await starts(make, spawner_class, "gh-6")


async def long_refusal(kube, make, spawner_class, spawner):
    await kube.relay.refuse()
    await kube.clock.passes(LONG_OUTAGE_S, spawner_class)
    assert await alive(spawner)
    await kube.relay.open()
    await starts(make, spawner_class, "gh-6")


async def pod_lost_in_a_long_refusal(kube, make, spawner_class, spawner):
    await kube.relay.refuse()
    kube.lose_pod(spawner.pod_name)
    await kube.clock.passes(LONG_OUTAGE_S, spawner_class)
    await kube.relay.open()
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(5):
            while await alive(spawner):
                await asyncio.sleep(0.05)
    assert not await alive(spawner)


async def long_silence(kube, make, spawner_class, spawner):
    kube.relay.hang()
    await kube.relay.swallowed(4)
    assert await alive(spawner)
    await kube.relay.open()
    await starts(make, spawner_class, "gh-6")


async def hub_restart_in_an_outage(kube, make, spawner_class, spawner):
    pods = kube.pods()
    await kube.relay.refuse()
    await spawner_class._stop_all_reflectors()
    again = make(spawner_class)
    again.load_state(spawner.get_state())
    assert await alive(again)
    await kube.relay.open()
    await starts(make, spawner_class, "gh-6")
    assert await alive(again)
    assert pods.items() <= kube.pods().items()


async def replaced_watch_in_an_outage(kube, make, spawner_class, spawner):
    await kube.relay.refuse()
    with contextlib.suppress(Exception):
        await spawner._start_watching_pods(replace=True)
    assert await alive(spawner)
    await kube.relay.open()
    await starts(make, spawner_class, "gh-6")


async def lost_answer(kube, make, spawner_class, spawner):
    kube.fail_next("POST pods", 504, after=True)
    await starts(make, spawner_class, "gh-6")
    assert kube.calls["DELETE pods"] == 0


async def gone_version(kube, make, spawner_class, spawner):
    kube.fail_next("WATCH pods", 410, times=3)
    kube.fail_next("GET pods", 410, times=3)
    await starts(make, spawner_class, "gh-6")
    assert await alive(spawner)


def answers(call: str, status: int):
    async def scenario(kube, make, spawner_class, spawner):
        kube.fail_next(call, status, times=3)
        await starts(make, spawner_class, "gh-6")
        await spawner.stop()
        assert list(kube.pods()) == ["jupyter-gh-6"]

    scenario.__name__ = f"{call.split()[0].lower()}_answered_{status}"
    return scenario


FAULTS = {
    # fault: whether the original survives it
    short_refusal: True,
    long_refusal: False,
    pod_lost_in_a_long_refusal: False,
    long_silence: True,
    hub_restart_in_an_outage: False,
    replaced_watch_in_an_outage: False,
    lost_answer: False,
    gone_version: True,
    answers("POST pods", 409): True,
    answers("POST pods", 429): False,
    answers("POST pods", 500): False,
    answers("POST pods", 503): False,
    answers("DELETE pods", 503): False,
}


# How a lost server shows: to JupyterHub, or as a start that fails.
LOST = (AssertionError, ApiException, TimeoutError, ClientConnectionError)


def cases():
    for fault, survived in FAULTS.items():
        yield pytest.param(RobustKubeSpawner, fault, True, id=f"ours-{fault.__name__}")
        yield pytest.param(KubeSpawner, fault, survived, id=f"theirs-{fault.__name__}")


@pytest.mark.parametrize(("spawner_class", "fault", "survives"), list(cases()))
async def test_servers_survive(kube, make_spawner, spawner_class, fault, survives):
    spawner = make_spawner(spawner_class)
    await spawner.start()
    lost = contextlib.nullcontext() if survives else pytest.raises(LOST)
    with lost:
        await fault(kube, make_spawner, spawner_class, spawner)


def test_the_original_fails_at_least_four_of_them():
    assert list(FAULTS.values()).count(False) >= 4


async def test_a_start_and_a_stop_cost_three_calls(kube, make_spawner, eventually):
    spawner = make_spawner(RobustKubeSpawner)
    await starts(make_spawner, RobustKubeSpawner, "gh-6")
    kube.calls.clear()
    await spawner.start()
    await spawner.stop()
    calls = {call: n for call, n in kube.calls.items() if call.startswith(("P", "D"))}
    assert calls == {"POST pods": 1, "DELETE pods": 1}


async def test_a_server_that_ended_with_the_hub_is_known_at_the_first_poll(
    kube, make_spawner
):
    spawner = make_spawner(RobustKubeSpawner)
    await spawner.start()
    await RobustKubeSpawner._stop_all_reflectors()
    kube.lose_pod(spawner.pod_name)
    again = make_spawner(RobustKubeSpawner)
    again.load_state(spawner.get_state())
    assert await again.poll() is not None


async def test_a_start_in_an_outage_says_that_the_cluster_is_away(kube, make_spawner):
    await kube.relay.refuse()
    spawner = make_spawner(RobustKubeSpawner)
    with pytest.raises(StartFailed, match="cluster does not answer") as failed:
        await spawner.start()
    assert "running servers are not touched" in failed.value.jupyterhub_message


async def test_a_quota_is_named_at_once(kube, make_spawner):
    spawner = make_spawner(RobustKubeSpawner)
    kube.refuse_next("POST pods", 403, "pods is forbidden: exceeded quota: hub")
    with pytest.raises(StartFailed, match="quota is used up"):
        await spawner.start()


async def test_a_late_start_names_the_cause(kube, make_spawner, eventually):
    kube.stuck = True
    spawner = make_spawner(RobustKubeSpawner, start_timeout=3)
    started = asyncio.ensure_future(spawner.start())
    await eventually(kube.pods, "no pod was made")
    kube.say(spawner.pod_name, "FailedScheduling", "0/4 nodes: 4 Insufficient cpu")
    words = r"not ready after 2 seconds\. No running machine"
    with pytest.raises(StartFailed, match=words):
        await started


async def test_a_waiting_person_reads_sentences(kube, make_spawner, eventually):
    kube.stuck = True
    spawner = make_spawner(RobustKubeSpawner)
    started = asyncio.ensure_future(spawner.start())
    await eventually(kube.pods, "no pod was made")
    kube.say(spawner.pod_name, "FailedScheduling", "0/4 nodes: 4 Insufficient cpu")
    async with asyncio.timeout(5):
        async for step in spawner.progress():
            assert step["message"].startswith("No running machine has room")
            break
    started.cancel()


async def test_an_api_that_hangs_is_found_out_by_asking_it(kube, make_spawner):
    await make_spawner(RobustKubeSpawner).start()
    [pods] = [
        one for one in RobustKubeSpawner.reflectors.values() if one.kind == "pods"
    ]
    await pods.ask_api(2)
    kube.relay.hang()
    with pytest.raises(TimeoutError):
        await pods.ask_api(0.3)
    await kube.relay.open()
    await pods.ask_api(2)
