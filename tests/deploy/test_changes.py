"""Manifests compared: by object, in words, and never a secret's value."""

from __future__ import annotations

import pytest

from hub_config.deploy.changes import Change, compare
from hub_config.deploy.effects import effects
from hub_config.deploy.releases import Release

HUB = Release("hub", "hub", "chart")


def an_object(kind, name, **fields):
    return {
        "apiVersion": "apps/v1",
        "kind": kind,
        "metadata": {"name": name, **fields.pop("metadata", {})},
        **fields,
    }


def a_pod(image):
    return {"template": {"spec": {"containers": [{"name": "main", "image": image}]}}}


def told(before, after):
    return [str(change) for change in compare(before, after, "hub")]


def test_the_same_objects_in_another_order_are_no_change():
    objects = [an_object("Service", "a"), an_object("Service", "b")]
    assert told(objects, objects[::-1]) == []


def test_a_namespace_that_is_not_named_is_the_releases():
    here = an_object("Service", "a", metadata={"namespace": "hub"})
    there = an_object("Service", "a", metadata={"namespace": "other"})
    assert [
        one.verb for one in compare([an_object("Service", "a")], [here], "hub")
    ] == ["changes"]
    found = compare([an_object("Service", "a")], [there], "hub")
    assert [one.verb for one in found] == ["adds", "removes"]


def test_a_newer_version_of_an_api_is_the_same_object():
    old, new = an_object("Ingress", "a"), an_object("Ingress", "a")
    new["apiVersion"] = "apps/v2"
    assert told([old], [new]) == [
        'changes Ingress a: apiVersion: "apps/v1" → "apps/v2"'
    ]


def test_a_changed_template_of_pods_replaces_them():
    old = an_object("Deployment", "hub", spec=a_pod("hub:1"))
    new = an_object("Deployment", "hub", spec=a_pod("hub:2"))
    (line,) = told([old], [new])
    assert line == (
        "changes Deployment hub, whose pods are replaced: "
        'spec.template.spec.containers.main.image: "hub:1" → "hub:2"'
    )


def test_more_copies_of_a_pod_replace_none():
    old = an_object("Deployment", "hub", spec={**a_pod("hub:1"), "replicas": 1})
    new = an_object("Deployment", "hub", spec={**a_pod("hub:1"), "replicas": 2})
    assert told([old], [new]) == ["changes Deployment hub: spec.replicas: 1 → 2"]


def test_of_a_secret_only_the_key_is_told():
    old = an_object("Secret", "s", data={"password": "b2xk"})
    new = an_object("Secret", "s", data={"password": "bmV3"})
    assert told([old], [new]) == ["changes Secret s: data.password"]


def test_what_helm_keeps_is_not_removed():
    policy = {"annotations": {"helm.sh/resource-policy": "keep"}}
    claim = an_object("PersistentVolumeClaim", "home", metadata=policy)
    assert told([claim], []) == []
    assert told([an_object("Service", "a")], []) == ["removes Service a"]


def with_sum(value):
    template = {"metadata": {"annotations": {"checksum/secret": value}}}
    return an_object("Deployment", "hub", spec={"template": template})


def test_sums_alone_are_no_change_and_beside_another_one_they_are():
    before, after = with_sum("a"), with_sum("b")
    assert told([before], [after]) == []
    secrets = [an_object("Secret", "s", data={"key": value}) for value in "ab"]
    found = compare([before, secrets[0]], [after, secrets[1]], "hub")
    assert [(one.kind, one.restarts) for one in found] == [
        ("Deployment", True),
        ("Secret", False),
    ]


def test_many_differences_are_counted():
    old = an_object("ConfigMap", "c", data={str(n): "a" for n in range(9)})
    new = an_object("ConfigMap", "c", data={str(n): "b" for n in range(9)})
    (line,) = told([old], [new])
    assert line.endswith("; and 5 more")


@pytest.mark.parametrize(
    ("change", "hits"),
    [
        (Change("changes", "Deployment", "proxy", restarts=True), True),
        (Change("changes", "Deployment", "traefik-dask-gateway", restarts=True), True),
        (Change("changes", "Deployment", "hub", restarts=True), False),
        (Change("changes", "NetworkPolicy", "user-servers"), True),
        (Change("removes", "Deployment", "proxy"), True),
        (Change("changes", "Deployment", "proxy"), None),
        (Change("adds", "NetworkPolicy", "new"), None),
        (Change("changes", "ConfigMap", "hub"), None),
    ],
)
def test_each_change_says_whom_it_hits(change, hits):
    found = effects(HUB, (change,))
    assert [one.hits_people for one in found] == ([] if hits is None else [hits])


def test_a_release_below_the_hub_says_what_its_change_does():
    below = Release("home-nfs", "home-nfs", "chart", hits="files stand still")
    (effect,) = effects(below, (Change("changes", "Deployment", "home-nfs"),))
    assert (effect.text, effect.hits_people) == ("files stand still", True)
    quiet = Release("external-dns", "external-dns", "chart")
    (effect,) = effects(quiet, (Change("changes", "Deployment", "external-dns"),))
    assert not effect.hits_people
