"""Kubernetes' words in, the person's words out."""

from __future__ import annotations

import json
import re

import pytest

from hub_config import messages

# reason, Kubernetes' message, what the sentence must say
TABLE = [
    ("FailedScheduling", "0/3 nodes are available: 3 Insufficient memory.", "1 to 3"),
    ("FailedScheduling", "0/3 nodes: 3 Insufficient nvidia.com/gpu.", "free GPU"),
    ("FailedScheduling", "0/3: 2 node(s) had volume node affinity conflict", "zone"),
    ("FailedScheduling", 'persistentvolumeclaim "home" not found', "disk that holds"),
    (
        "FailedScheduling",
        "all available instance types exceed limits for nodepool user-cpu",
        "in use",
    ),
    (
        "NotTriggerScaleUp",
        "pod didn't trigger scale-up: 1 max node group size",
        "in use",
    ),
    ("NotTriggerScaleUp", "pod didn't trigger scale-up: 2 Insufficient cpu", "fits"),
    ("Nominated", "Pod should schedule on: nodeclaim/user-cpu-x", "chosen or starting"),
    ("Scheduled", "Successfully assigned hub/jupyter-gh-5 to node", "found"),
    ("Pulling", 'Pulling image "r/base:1"', "20 to 45 seconds"),
    ("Failed", 'Failed to pull image "r/base:1": not found', "does not exist"),
    ("Failed", 'Failed to pull image "r/base:1": 401 Unauthorized', "refuses"),
    ("BackOff", 'Back-off pulling image "r/base:1"', "could not be loaded"),
    ("ErrImageNeverPull", "ErrImageNeverPull: image is not present", "does not exist"),
    ("BackOff", "Back-off restarting failed container notebook", "ends right after"),
    ("FailedMount", "MountVolume.SetUp failed: timed out", "not attached"),
    (
        "Failed",
        "failed to create subPath directory for volumeMount: disk quota exceeded",
        "home is full",
    ),
    ("FailedCreatePodSandBox", "write: no space left on device", "own disk is full"),
    ("Preempted", "Preempted by pod x on node y", "taken away"),
    ("OOMKilling", "Memory cgroup out of memory", "more memory"),
]


@pytest.mark.parametrize(("reason", "told", "said"), TABLE)
def test_an_event_becomes_a_sentence(reason, told, said):
    sentence = messages.line({"reason": reason, "message": told})
    assert said in sentence
    assert not re.search(r"\d/\d nodes|subPath|nodepool|0/", sentence)


def test_every_sentence_of_the_table_can_be_said():
    said = {messages.line({"reason": r, "message": m}) for r, m, _ in TABLE}
    plain = {"Pulled", "Created", "Started", "Killing"}
    others = {s.text for s in messages.SENTENCES if s.reasons not in plain}
    unsaid = (
        others
        - said
        - {messages.line({"reason": "FailedCreatePodSandBox", "message": "network"})}
    )
    assert not unsaid


@pytest.mark.parametrize(
    "event", [{}, {"reason": None, "message": None}, {"reason": 3}]
)
def test_an_unknown_event_is_passed_on(event):
    assert messages.line(event).startswith("Kubernetes says:")


def test_a_late_start_is_blamed_on_the_obstacle_not_on_the_progress():
    events = [
        {"reason": "FailedMount", "message": "timed out"},
        {"reason": "Scheduled", "message": "Successfully assigned"},
    ]
    assert "10 minutes. Your home" in messages.timed_out(600, events)


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (403, json.dumps({"message": "pods is forbidden: exceeded quota: x"}), "quota"),
        (403, json.dumps({"message": "violates PodSecurity restricted"}), "forbids"),
        (422, b'{"message": "spec.x: wrong"}', "422: spec.x: wrong"),
        (500, "<html>", "500: no reason"),
        (500, "[1]", "500: no reason"),
        (None, None, "None: no reason"),
    ],
)
def test_a_refusal_is_named(status, body, said):
    assert said in messages.refused(status, body)
