"""What every HCL file here keeps to; needs no Terraform."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

TREE = Path(__file__).parents[2] / "terraform"
FILES = sorted(
    path
    for pattern in ("**/*.tf", "**/*.hcl")
    for path in TREE.glob(pattern)
    if ".terraform" not in path.parts and not path.name.startswith(".")
)
BLOCK = re.compile(r'^(variable|output) "(\w+)" \{\n(.*?)^\}', re.M | re.S)
LIVE = ("staging", "production")


def _name(path: Path) -> str:
    return str(path.relative_to(TREE))


@pytest.mark.parametrize("path", FILES, ids=_name)
def test_a_file_stays_short(path):
    limit = 300 if path.name.endswith(".tftest.hcl") else 150
    assert len(path.read_text().splitlines()) <= limit


@pytest.mark.parametrize("path", FILES, ids=_name)
def test_every_variable_and_output_is_described_and_every_variable_typed(path):
    for kind, name, body in BLOCK.findall(path.read_text()):
        assert re.search(r"^  description\s*= ", body, re.M), f"{kind} {name}"
        assert kind == "output" or re.search(r"^  type\s*= ", body, re.M), name


@pytest.mark.parametrize("path", FILES, ids=_name)
def test_things_are_named_not_counted(path):
    assert not re.search(r"^  count\s*=", path.read_text(), re.M)


def test_every_module_has_a_test():
    for folder in (*TREE.glob("modules/*"), *TREE.glob("live/*"), TREE / "bootstrap"):
        assert list(folder.glob("tests/*.tftest.hcl")), _name(folder)


def test_staging_and_production_differ_in_values_only():
    files = ("variables.tf", "declaration.tf", "tests/environment.tftest.hcl")
    for file in files:
        one, other = ((TREE / "live" / env / file).read_text() for env in LIVE)
        assert one == other, file
    one, other = (
        (TREE / "live" / env / "main.tf").read_text().replace(f"{env}.tfstate", "")
        for env in LIVE
    )
    assert one == other


def test_the_environments_address_ranges_do_not_overlap():
    ranges = [
        re.search(
            r'cidr\s*= "([\d./]+)"', (TREE / f"live/{env}/terraform.tfvars").read_text()
        )
        for env in LIVE
    ]
    assert len({match and match[1] for match in ranges}) == len(LIVE)


@pytest.mark.parametrize("environment", LIVE)
def test_the_derived_values_are_exactly_the_declared_variables(environment):
    folder = TREE / "live" / environment
    derived = folder / "hub.auto.tfvars.json"
    if not derived.exists():
        pytest.skip(f"{_name(derived)} is absent; run `archive-hub render`")
    declared = set(
        re.findall(r'^variable "(\w+)"', (folder / "declaration.tf").read_text(), re.M)
    )
    assert {key for key in json.loads(derived.read_text()) if key != "//"} == declared


@pytest.mark.parametrize("file", ["modules/home/main.tf", "bootstrap/main.tf"])
def test_homes_and_state_cannot_be_destroyed_by_a_slip(file):
    assert "prevent_destroy = true" in (TREE / file).read_text()


def test_every_alarm_has_its_paragraph(root):
    text = (root / "docs/howto/alarms.md").read_text()
    names = {
        name
        for path in TREE.glob("modules/*/*.tf")
        for name in re.findall(
            r'alarm_name\s*= "\$\{var.name\}-([a-z]+)', path.read_text()
        )
    }
    assert names == {"home", "certificate", "quota", "nat", "hub"}
    assert all(f"`…-{name}" in text for name in names)
