"""The values: as the charts want them, closed where they are ours."""

from __future__ import annotations

import json
import re

import jsonschema
import pytest
import yaml

from hub_config.check import examine
from hub_config.check.reading import KEYS

from .conftest import files_of, merged

CHARTS = {"jupyterhub": "z2jh-4.4.0", "dask-gateway": "dask-gateway-2026.3.0"}


@pytest.mark.parametrize("chart", CHARTS)
def test_the_values_fit_the_upstream_chart(values, chart_data, chart):
    folder = chart_data / "charts" / CHARTS[chart]
    schema = yaml.safe_load((folder / "values.schema.yaml").read_text())
    defaults = yaml.safe_load((folder / "values.yaml").read_text())
    jsonschema.validate(merged(defaults, values[chart]), schema)


@pytest.mark.parametrize("chart", CHARTS)
def test_the_shipped_key_names_are_the_charts_own(chart_data, chart):
    folder = chart_data / "charts" / CHARTS[chart]
    schema = yaml.safe_load((folder / "values.schema.yaml").read_text())
    assert _names(schema) == KEYS[chart]


def _names(schema):
    if "properties" not in schema:
        return None
    names = {key: _names(value or {}) for key, value in schema["properties"].items()}
    closed = schema.get("additionalProperties") is False
    opened = schema.get("patternProperties") or not closed
    return names | ({"*": None} if opened else {})


def test_the_chart_is_pinned(root):
    about = yaml.safe_load((root / "helm/hub/Chart.yaml").read_text())
    pinned = {one["name"]: one["version"] for one in about["dependencies"]}
    assert pinned == {"jupyterhub": "4.4.0", "dask-gateway": "2026.3.0"}


def test_the_rules_have_nothing_against_our_values(root, hub, environment):
    assert examine(files_of(root / "helm/hub", environment), hub) == []


def test_every_environment_has_its_host_from_the_settings(root, hub):
    for name, place in hub.environments.items():
        derived = root / f"helm/hub/{name}.generated.yaml"
        values = yaml.safe_load(derived.read_text())
        said = values["jupyterhub"]["hub"]["extraEnv"]["ARCHIVE_HUB_HOST"]
        assert values["host"] == said == place.host
        assert values["externalSecrets"]["region"] == place.region


@pytest.mark.parametrize("environment", ["production", "staging"], indirect=True)
def test_the_hubs_database_has_a_class_that_is_there(values):
    # EKS brings no default class.
    named = values["jupyterhub"]["hub"]["db"]["pvc"]["storageClassName"]
    assert values["databaseClass"]["name"] == named


@pytest.mark.parametrize("environment", ["production", "staging"], indirect=True)
def test_the_names_are_those_that_terraform_makes(root, values, environment):
    file = root / f"terraform/live/{environment}/hub.auto.tfvars.json"
    name = json.loads(file.read_text())["hub_name"]
    assert values["karpenter"]["cluster"] == name
    assert values["karpenter"]["instanceProfile"] == f"{name}-node"
    assert values["externalSecrets"]["prefix"] == f"/archive-hub/{environment}"
    variables = file.with_name("terraform.tfvars").read_text()
    zones = re.search(r"^zones *= *(\[.*\])", variables, re.MULTILINE)
    assert values["karpenter"]["zones"] == json.loads(zones[1])[:1]


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("hosts", ["hub.example.org"]),
        ("host", "https://hub.example.org"),
        ("home", {"claim": "home", "storage": "nfs", "size": "10 GB"}),
        ("home", {"claim": "home", "storage": "disk", "size": "10Gi"}),
        ("network", {"private": [], "ports": [80], "licenceServers": []}),
        ("network", {"private": ["a"] * 5, "ports": [80], "licenceServers": []}),
        ("karpenter", {"enabled": True}),
        ("externalSecrets", {"enabled": "yes"}),
        ("dask", {"quota": {"cpu": 8}, "defaults": {}}),
    ],
)
def test_our_schema_refuses_what_it_does_not_know(root, values, path, value):
    schema = json.loads((root / "helm/hub/values.schema.json").read_text())
    jsonschema.validate(values, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(values | {path: value}, schema)
