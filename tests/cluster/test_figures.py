"""What the hub asks of the cluster's API, and how soon it is there."""

from __future__ import annotations

import re
import time
from collections import Counter
from datetime import datetime

from .kube import kubectl, pods, wait_for
from .release import NAMESPACE

HUB_START_S = 30
CALLS = 3
AT_REST_PER_S = 1
REST_S = 30
LINE = re.compile(r"apiserver_request_total\{([^}]*)\} (\S+)")


def calls(resources=("pods", "events", "persistentvolumeclaims")):
    """Count what was asked about pods, events and claims of one namespace, by verb."""
    found = Counter()
    for match in LINE.finditer(kubectl("get", "--raw=/metrics")):
        labels = dict(re.findall(r'(\w+)="([^"]*)"', match[1]))
        if labels["resource"] in resources and not labels["subresource"]:
            key = (labels["scope"], labels["verb"], labels["resource"])
            found[key] += int(float(match[2]))
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


def test_a_start_and_a_stop_cost_few_calls(visit, figures):
    ada = visit("ada")
    # The first start of a hub lists pods and events once, for all that follow.
    cycle(ada)
    before = calls()
    cycle(ada)
    asked = calls() - before
    # The kubelet itself deletes the pod once it has ended: one call is not the hub's.
    mine = {
        "POST pods": asked["resource", "POST", "pods"],
        "DELETE pods": asked["resource", "DELETE", "pods"] - 1,
        "LIST": sum(n for (_, verb, _), n in asked.items() if verb == "LIST"),
        "claims": sum(n for key, n in asked.items() if key[2].startswith("persist")),
    }
    print(asked)
    figures.say("API calls of a start and a stop", f"{mine}", f"{CALLS}")
    assert mine["POST pods"] == 1
    assert mine["DELETE pods"] == 1


def cycle(visitor):
    visitor.start_server(visitor.name, "tiny")
    headers = {"X-XSRFToken": visitor.xsrf}
    visitor.delete(f"/hub/api/users/{visitor.name}/server", headers=headers)
    label = f"hub.jupyter.org/username={visitor.name}"
    wait_for(lambda: not pods(NAMESPACE, label), 60, "the pod to go")


def test_at_rest_the_hub_asks_less_than_once_a_second(release, figures):
    before, began = calls(), time.monotonic()
    time.sleep(REST_S)  # what is measured is a time in which nothing happens
    asked, seconds = calls() - before, time.monotonic() - began
    ours = sum(
        n
        for (scope, verb, _), n in asked.items()
        if scope == "namespace" and verb in {"LIST", "WATCH", "GET"}
    )
    figures.say("API calls at rest", f"{ours / seconds:.2f} a second", "1 a second")
    assert ours / seconds <= AT_REST_PER_S
