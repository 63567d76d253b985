"""Karpenter's objects against its own definitions, CEL rules included."""

from __future__ import annotations

import copy
import re
from functools import lru_cache

import celpy
import jsonschema
import pytest
import yaml

pytestmark = pytest.mark.parametrize(
    "environment", ["production", "staging"], indirect=True
)

DEFINITIONS = {
    "NodePool": "karpenter.sh_nodepools.yaml",
    "EC2NodeClass": "karpenter.k8s.aws_ec2nodeclasses.yaml",
}


@pytest.fixture(scope="session")
def schemas(chart_data):
    folder = chart_data / "crds" / "karpenter-1.14.1"
    return {
        kind: yaml.safe_load((folder / name).read_text())["spec"]["versions"][0][
            "schema"
        ]["openAPIV3Schema"]
        for kind, name in DEFINITIONS.items()
    }


def faults(schema, manifest):
    """Return what the API server would refuse: shape, unknown fields, CEL rules."""
    shape = jsonschema.Draft7Validator(closed(schema)).iter_errors(manifest)
    return [error.message for error in shape] + list(broken_rules(schema, manifest))


def closed(schema):
    """Refuse unknown fields, as a strict request to the API server does."""
    if isinstance(schema, list):
        return [closed(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    result = {key: closed(value) for key, value in schema.items()}
    described = isinstance(schema.get("properties"), dict) and "type" in schema
    if described and not schema.get("x-kubernetes-preserve-unknown-fields"):
        result.setdefault("additionalProperties", False)
    if schema.get("x-kubernetes-int-or-string"):
        result.pop("type", None)
    return result


def broken_rules(schema, value, at=""):
    for rule in schema.get("x-kubernetes-validations", []):
        if "oldSelf" not in rule["rule"] and not holds(rule["rule"], value):
            yield f"{at}: {rule.get('message', rule['rule'])}"
    for key, child in children(schema, value):
        yield from broken_rules(child, value[key], f"{at}.{key}")


def children(schema, value):
    if isinstance(value, list):
        return [(index, schema.get("items", {})) for index in range(len(value))]
    if not isinstance(value, dict):
        return []
    other = schema.get("additionalProperties")
    other = other if isinstance(other, dict) else {}
    properties = schema.get("properties", {})
    return [(key, properties.get(key, other)) for key in value]


def find(text, pattern):
    found = re.search(str(pattern), str(text))
    return celpy.celtypes.StringType(found[0] if found else "")


def split(text, separator):
    parts = str(text).split(str(separator))
    return celpy.celtypes.ListType(map(celpy.celtypes.StringType, parts))


# What Kubernetes adds to CEL, as far as these rules use it.
FUNCTIONS = {"find": find, "split": split}


def holds(rule, value):
    return bool(compiled(rule).evaluate({"self": celpy.json_to_cel(value)}))


@lru_cache
def compiled(rule):
    environment = celpy.Environment()
    return environment.program(environment.compile(rule), functions=FUNCTIONS)


@pytest.fixture
def ours(manifests):
    return [one for one in manifests if one["kind"] in DEFINITIONS]


def test_karpenter_takes_every_object(ours, schemas, hub):
    assert len(ours) == len(hub.node_pools)  # one class; the core pool is Terraform's
    for manifest in ours:
        assert faults(schemas[manifest["kind"]], manifest) == []


def test_no_pod_of_a_machine_gets_its_credentials(ours):
    node_class = next(one for one in ours if one["kind"] == "EC2NodeClass")
    options = node_class["spec"]["metadataOptions"]
    assert options["httpPutResponseHopLimit"] == 1
    assert options["httpTokens"] == "required"


def test_a_pool_buys_what_the_settings_name_and_no_more(ours, hub):
    for manifest in (one for one in ours if one["kind"] == "NodePool"):
        pool = hub.node_pools[manifest["metadata"]["name"]]
        needs = {
            one["key"]: one["values"]
            for one in manifest["spec"]["template"]["spec"]["requirements"]
        }
        assert needs["node.kubernetes.io/instance-type"] == list(pool.instance_types)
        assert needs["karpenter.sh/capacity-type"] == [pool.capacity]
        largest = max(machine.cpu for machine in pool.machines)
        assert float(manifest["spec"]["limits"]["cpu"]) == largest * pool.max_nodes


WRONG = [
    ("NodePool", ("spec", "template", "spec", "nodeClassRef", "name"), ""),
    ("NodePool", ("spec", "template", "spec", "expireAfter"), "a week"),
    ("NodePool", ("spec", "disruption", "consolidationPolicy"), "Sometimes"),
    ("NodePool", ("spec", "template", "metadata", "labels"), {"karpenter.sh/x": "1"}),
    ("NodePool", ("spec", "template", "spec", "surprise"), 1),
    ("NodePool", ("spec", "template", "spec", "taints"), [{"key": "a"}]),
    (
        "NodePool",
        ("spec", "template", "spec", "requirements"),
        [{"key": "a", "operator": "In", "values": []}],
    ),
    ("EC2NodeClass", ("spec", "role"), "also"),
    ("EC2NodeClass", ("spec", "metadataOptions", "httpPutResponseHopLimit"), 100),
    ("EC2NodeClass", ("spec", "amiSelectorTerms"), [{"alias": "a@v1", "id": "ami-1"}]),
    ("EC2NodeClass", ("spec", "instanceProfile"), ""),
]


@pytest.mark.parametrize(("kind", "path", "value"), WRONG)
def test_a_wrong_object_is_refused(ours, schemas, kind, path, value):
    manifest = copy.deepcopy(next(one for one in ours if one["kind"] == kind))
    node = manifest
    for key in path[:-1]:
        node = node[key]
    node[path[-1]] = value
    assert faults(schemas[kind], manifest)
