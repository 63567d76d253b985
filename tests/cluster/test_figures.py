"""What the hub asks of the cluster's API, and how soon it is there."""

from __future__ import annotations

import re
import time
from collections import Counter
from datetime import datetime
from types import SimpleNamespace

import pytest

from .kube import kubectl, pods, wait_for
from .release import NAMESPACE

HUB_START_S = 30
CALLS = 3
AT_REST_PER_S = 1
REST_S = 60
CYCLES = 5
LINE = re.compile(r"(\w+)\{([^}]*)\} (\S+)")
ASKED = "apiserver_request_total"
# By who asked: the pods of the release go by it, the lane itself and the node do not.
BY_PODS = "apiserver_flowcontrol_dispatched_requests_total"
OF_PODS = "service-accounts"
# What the hub watches; whoever else asks for them is counted too.
OF_SERVERS = ("pods", "events")


def calls():
    """Count what was asked: by pods, and about pods by verb, whoever asked."""
    found = Counter()
    for name, words, value in LINE.findall(kubectl("get", "--raw=/metrics")):
        labels = dict(re.findall(r'(\w+)="([^"]*)"', words))
        if name == BY_PODS and labels["flow_schema"] == OF_PODS:
            found["by pods"] += int(float(value))
        whole = not labels.get("subresource")
        if name == ASKED and whole and labels["resource"] in OF_SERVERS:
            found[labels["resource"], labels["verb"]] += int(float(value))
    return found


def test_the_hub_is_there_soon(release, figures):
    [hub] = pods(NAMESPACE, "component=hub")
    [status] = hub["status"]["containerStatuses"]
    conditions = hub["status"]["conditions"]
    [ready] = [one for one in conditions if one["type"] == "Ready"]
    began = datetime.fromisoformat(status["state"]["running"]["startedAt"])
    seconds = datetime.fromisoformat(ready["lastTransitionTime"]) - began
    figures.note("hub start to ready", seconds.total_seconds(), f"{HUB_START_S} s")
    assert seconds.total_seconds() <= HUB_START_S
    assert status["restartCount"] == 0


@pytest.fixture(scope="module")
def rest(release):
    """What is asked a second while nothing happens: by all pods, and of the hub's."""
    before, began = calls(), time.monotonic()
    time.sleep(REST_S)  # what is measured is a time in which nothing happens
    asked, seconds = calls() - before, time.monotonic() - began
    watched = sum(
        asked[kind, verb] for kind in OF_SERVERS for verb in ("GET", "LIST", "WATCH")
    )
    return SimpleNamespace(pods=asked["by pods"] / seconds, hub=watched / seconds)


def test_at_rest_the_hub_asks_less_than_once_a_second(rest, figures):
    budget = f"{AT_REST_PER_S} a second"
    figures.say(
        "API calls at rest, about pods and events", f"{rest.hub:.2f} /s", budget
    )
    figures.say("API calls at rest, by all pods, Dask's too", f"{rest.pods:.2f} /s", "")
    assert rest.hub <= AT_REST_PER_S


def test_a_start_and_a_stop_cost_few_calls(visit, rest, figures):
    ada = visit("ada")
    # The first start of a hub lists pods and events once, for all that follow.
    cycle(ada)
    before, began = calls(), time.monotonic()
    for _ in range(CYCLES):
        cycle(ada)
    asked, seconds = calls() - before, time.monotonic() - began
    each = (asked["by pods"] - rest.pods * seconds) / CYCLES
    print(asked, seconds)
    figures.say(
        "API calls of a start and a stop, above rest", f"{each:.1f}", f"{CALLS}"
    )
    assert asked["pods", "POST"] == CYCLES
    assert each <= CALLS


def cycle(visitor):
    visitor.start_server(visitor.name, "tiny")
    headers = {"X-XSRFToken": visitor.xsrf}
    visitor.delete(f"/hub/api/users/{visitor.name}/server", headers=headers)
    label = f"hub.jupyter.org/username={visitor.name}"
    wait_for(lambda: not pods(NAMESPACE, label), 60, "the pod to go")
