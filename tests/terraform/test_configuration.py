"""Terraform's own checks, on every module and both environments."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

TREE = Path(__file__).parents[2] / "terraform"
MODULES = sorted(
    str(path.parents[1].relative_to(TREE))
    for path in TREE.glob("**/tests/*.tftest.hcl")
    if ".terraform" not in path.parts
)
DERIVED = "hub.auto.tfvars.json"


def _needs_derived(folder: str) -> None:
    if folder.startswith("live/") and not (TREE / folder / DERIVED).exists():
        pytest.skip(f"{folder}/{DERIVED} is absent; run `archive-hub render`")


@pytest.mark.parametrize("folder", MODULES)
def test_every_run_of_a_module_passes(terraform, folder):
    _needs_derived(folder)
    result = terraform.run(folder, "test")
    assert result.returncode == 0, result.stdout + result.stderr
    assert re.search(r"Success! [1-9]\d* passed, 0 failed", result.stdout)


@pytest.mark.parametrize("folder", ["live/staging", "live/production", "bootstrap"])
def test_a_root_validates(terraform, folder):
    result = terraform.run(folder, "validate")
    assert result.returncode == 0, result.stdout + result.stderr


def test_the_layout_is_terraforms_own(terraform_binary, terraform_tree):
    command = [terraform_binary, "fmt", "-check", "-recursive", "-diff"]
    result = subprocess.run(
        command, cwd=terraform_tree, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stdout + result.stderr


def test_a_real_plan_is_refused_by_the_schema_only_provider(terraform):
    if "TF_REATTACH_PROVIDERS" not in terraform.environment:
        pytest.skip("the real provider is in use")
    result = terraform.run("bootstrap", "plan", "-var=account_id=111122223333")
    assert result.returncode == 1
    assert "reaches no cloud" in result.stderr
