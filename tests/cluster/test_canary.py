"""The canary's jobs, as the chart makes them: they do their round and the hub hears."""

from __future__ import annotations

import time

import pytest

from hub_config.canary import KINDS
from hub_config.visit.browser import Visitor

from .kube import items, kubectl, pods, wait_for
from .release import NAMESPACE

ROUND_S = 240
# The hub looks at its parts every 15 s.
TOLD_S = 30
STANDINS = ("-n", NAMESPACE, "deployment/standins")


@pytest.fixture
def go_round(release):
    """Start one of the canary's jobs; return whether it went well, and its words."""
    made = []

    def go(kind):
        name = f"canary-{kind}-{len(made)}"
        made.append(name)
        source = f"--from=cronjob/archive-hub-canary-{kind}"
        kubectl("create", "job", "-n", NAMESPACE, name, source)

        def ended():
            [job] = items(
                "jobs", "-n", NAMESPACE, f"--field-selector=metadata.name={name}"
            )
            return {"succeeded", "failed"} & job["status"].keys()

        how = wait_for(ended, ROUND_S, f"{name} to end")
        return how == {"succeeded"}, kubectl("logs", "-n", NAMESPACE, f"job/{name}")

    yield go
    for name in made:
        kubectl("delete", "job", "-n", NAMESPACE, name)


@pytest.fixture
def part(address):
    with Visitor(address) as somebody:
        yield lambda: somebody.get("/hub/health/parts").json()["canary"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_round_goes_well(go_round, part, figures, kind):
    began = time.monotonic()
    well, words = go_round(kind)
    figures.note(f"the canary's round, {kind}", time.monotonic() - began)
    assert well, words
    assert "API" in words
    assert part()["ok"]


def nothing_to_read():
    names = [one["metadata"]["name"] for one in pods(NAMESPACE)]
    return not any(name.startswith("standins-") for name in names)


def test_a_round_that_fails_is_told(go_round, part, figures):
    kubectl("scale", *STANDINS, "--replicas=0")
    try:
        wait_for(nothing_to_read, 60, "the stand-ins to go")
        well, words = go_round("use")
        began = time.monotonic()
        assert not well, words
        wait_for(lambda: not part()["ok"], TOLD_S, "the failed round to be told")
        figures.note("a failed round told", time.monotonic() - began, f"{TOLD_S} s")
        assert "use: read from S3" in part()["says"]
    finally:
        kubectl("scale", *STANDINS, "--replicas=1")
        kubectl("rollout", "status", *STANDINS, "--timeout=120s")
    well, words = go_round("use")
    assert well, words
    wait_for(lambda: part()["ok"], TOLD_S, "the round that went well to be told")
