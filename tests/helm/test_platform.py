"""The list of the cluster's other releases is complete and exact."""

from __future__ import annotations

import re
import tomllib

import pytest
import yaml

KEYS = {"name", "namespace", "chart", "repository", "version", "why"}
OPTIONAL = {"outputs", "settings", "optional", "hits"}


@pytest.fixture
def releases(root):
    return tomllib.loads((root / "helm/platform/releases.toml").read_text())["release"]


def test_each_release_is_pinned_and_says_why(releases):
    for release in releases:
        assert release.keys() >= KEYS
        assert release.keys() <= KEYS | OPTIONAL
        assert re.fullmatch(r"v?\d+\.\d+\.\d+", release["version"]), release["name"]


def test_each_release_has_its_values_and_no_values_lie_about(root, releases):
    folder = root / "helm/platform/values"
    files = {file.stem for file in folder.glob("*.yaml")}
    assert files == {release["name"] for release in releases}
    for file in folder.glob("*.yaml"):
        assert isinstance(yaml.safe_load(file.read_text()), dict)


def test_what_others_need_comes_first(releases):
    order = [release["name"] for release in releases]
    assert order[:2] == ["calico", "karpenter"]  # policies before pods, then machines
    optional = [bool(release.get("optional")) for release in releases]
    assert optional == sorted(optional)


def test_outputs_named_in_the_list_are_terraforms(root, releases):
    outputs = (root / "terraform/modules/environment/outputs.tf").read_text()
    for release in releases:
        for name in release.get("outputs", {}).values():
            assert re.search(rf"^ +{name} +=", outputs, re.MULTILINE), name


def test_settings_named_in_the_list_exist(releases, hub):
    for release in releases:
        for path in release.get("settings", {}).values():
            value = hub
            for key in path.split("."):
                value = getattr(value, key)
            assert value


def test_controllers_with_rights_run_where_terraform_says(root, releases):
    """Pod Identity gives rights to one service account of one namespace."""
    text = (root / "terraform/modules/identity/main.tf").read_text()
    line = r'namespace = "([a-z-]+)", service_account = "([a-z-]+)"'
    accounts = dict(map(reversed, re.findall(line, text)))
    ours = {one["name"]: one["namespace"] for one in releases}
    shared = accounts.keys() & ours.keys()
    assert len(shared) >= 4
    assert {name: ours[name] for name in shared} == {
        name: accounts[name] for name in shared
    }


def test_the_load_balancer_controller_asks_for_no_right_it_has_not(root):
    values = root / "helm/platform/values/aws-load-balancer-controller.yaml"
    rights = (root / "terraform/modules/identity/load_balancer.tf").read_text()
    for key, service in (("enableShield", "shield"), ("enableWafv2", "wafv2")):
        asked = yaml.safe_load(values.read_text())[key]
        assert asked is (f"{service}:" in rights)
