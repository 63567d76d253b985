"""The canary's jobs, as the chart makes them: they do their round and the hub hears."""

from __future__ import annotations

import json
import time

import pytest

from hub_config.canary import KINDS
from hub_config.visit.browser import Visitor

from .kube import apply, items, kubectl, wait_for
from .release import NAMESPACE

ROUND_S = 240
# The hub looks at its parts every 15 s.
TOLD_S = 30


@pytest.fixture
def go_round(release):
    """Start one of the canary's jobs; return whether it went well, and its words."""
    made = []

    def go(kind, **environment):
        name = f"canary-{kind}-{len(made)}"
        made.append(name)
        apply(job_of(kind, name, environment))

        def ended():
            named = f"--field-selector=metadata.name={name}"
            [job] = items("jobs", "-n", NAMESPACE, named)
            return {"succeeded", "failed"} & job["status"].keys()

        how = wait_for(ended, ROUND_S, f"{name} to end")
        return how == {"succeeded"}, kubectl("logs", "-n", NAMESPACE, f"job/{name}")

    yield go
    for name in made:
        kubectl("delete", "job", "-n", NAMESPACE, name)


def job_of(kind, name, environment):
    """Return the job as its schedule would make it, but for some of its environment."""
    source = f"--from=cronjob/archive-hub-canary-{kind}"
    words = ("create", "job", "-n", NAMESPACE, name, source, "--dry-run=client")
    job = json.loads(kubectl(*words, "-o", "json"))
    [container] = job["spec"]["template"]["spec"]["containers"]
    kept = [one for one in container["env"] if one["name"] not in environment]
    given = [{"name": name, "value": value} for name, value in environment.items()]
    container["env"] = kept + given
    return job


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


def test_a_round_that_fails_is_told(go_round, part, figures):
    """As when GitHub's application was made anew and the hub has not heard of it."""
    well, words = go_round("look", GITHUB_CLIENT_ID="another")
    began = time.monotonic()
    assert not well, words
    assert "which is not that of the secret" in words
    wait_for(lambda: not part()["ok"], TOLD_S, "the failed round to be told")
    figures.note("a failed round told", time.monotonic() - began, f"{TOLD_S} s")
    assert "look: sign-in page" in part()["says"]
    well, words = go_round("look")
    assert well, words
    wait_for(lambda: part()["ok"], TOLD_S, "the round that went well to be told")
