"""Terraform without an account: a scratch copy of the tree, a provider of schemas."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
SCHEMA = REPOSITORY.parent / "shared" / "data" / "terraform" / "aws.schema.json.gz"
ENVIRONMENT = {
    "CHECKPOINT_DISABLE": "1",
    "TF_CLI_CONFIG_FILE": os.devnull,
    "TF_IN_AUTOMATION": "1",
}


class Terraform:
    """A scratch copy of ``terraform/`` in which commands run."""

    def __init__(self, tree: Path, environment: dict[str, str]) -> None:
        self.tree = tree
        self.environment = os.environ | environment

    def run(self, folder: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run one command in a folder of the tree, initialised on first use."""
        if not (self.tree / folder / ".initialised").exists():
            ready = self._call(folder, "init", "-backend=false", "-input=false")
            if ready.returncode:
                return ready
            (self.tree / folder / ".initialised").touch()
        return self._call(folder, *arguments)

    def _call(self, folder: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = ["terraform", f"-chdir={self.tree / folder}", *arguments]
        return subprocess.run(
            [*command, "-no-color"],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )


@pytest.fixture(scope="session")
def terraform_tree() -> Path:
    return REPOSITORY / "terraform"


@pytest.fixture(scope="session")
def terraform_binary() -> str:
    binary = shutil.which("terraform")
    if binary is None:
        pytest.skip("terraform is not installed (1.11 or newer)")
    told = subprocess.run(
        [binary, "version", "-json"], capture_output=True, text=True, check=True
    )
    version = json.loads(told.stdout)["terraform_version"]
    if tuple(map(int, version.split("-")[0].split("."))) < (1, 11):
        pytest.skip(f"terraform is {version}; 1.11 or newer is needed")
    return binary


@pytest.fixture(scope="session")
def provider(terraform_binary: str) -> Iterator[dict[str, str]]:
    """Give the variables with which Terraform finds its provider."""
    if os.environ.get("ARCHIVE_HUB_REAL_PROVIDER"):
        yield dict(ENVIRONMENT)
        return
    if not SCHEMA.exists():
        pytest.skip(
            f"no {SCHEMA.name} in ../shared/data/terraform; "
            "set ARCHIVE_HUB_REAL_PROVIDER=1 to download the real provider"
        )
    if importlib.util.find_spec("tf") is None:
        pytest.skip("package tf is not installed (extra dev)")
    command = [sys.executable, str(Path(__file__).with_name("schema_provider.py"))]
    with subprocess.Popen(
        [*command, str(SCHEMA)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        reattach = process.stdout.readline()
        assert reattach.startswith("{"), "the schema provider did not start"
        yield ENVIRONMENT | {"TF_REATTACH_PROVIDERS": reattach}
        process.communicate(timeout=30)


@pytest.fixture(scope="session")
def copy_tree(
    terraform_tree: Path, provider: dict[str, str]
) -> Callable[[Path], Terraform]:
    """Return a function that copies the tree to a folder, without what `init` left."""

    def copy(target: Path) -> Terraform:
        ignored = shutil.ignore_patterns(".terraform*", "*.tfstate*")
        shutil.copytree(terraform_tree, target, ignore=ignored)
        return Terraform(target, provider)

    return copy


@pytest.fixture(scope="session")
def terraform(
    copy_tree: Callable[[Path], Terraform], tmp_path_factory: pytest.TempPathFactory
) -> Terraform:
    return copy_tree(tmp_path_factory.mktemp("terraform") / "terraform")
