"""Two operators at once: the state's lock lets one in, and is gone afterwards."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import time
from pathlib import Path

import boto3
import pytest

LIVE = Path(__file__).parents[2] / "terraform" / "live" / "production" / "main.tf"
BUCKET = "state"
SLOW = """
variable "gate" { type = string }
resource "terraform_data" "slow" {
  provisioner "local-exec" {
    command = "touch ${var.gate}.busy; until [ -e ${var.gate} ]; do sleep 0.1; done"
  }
}
"""


@pytest.fixture
def s3(cloud, credentials):
    client = boto3.client("s3", endpoint_url=cloud, region_name="us-east-1")
    client.create_bucket(Bucket=BUCKET)
    return client


@pytest.fixture
def apply(s3, cloud, tmp_path):
    """Return a function that starts an apply on the shared state, with our backend."""
    terraform = shutil.which("terraform")
    if terraform is None:
        pytest.skip("terraform is not installed (1.11 or newer)")
    backend = re.search(r'  backend "s3" \{.*?\n  \}', LIVE.read_text(), re.S)
    assert backend
    (tmp_path / "main.tf").write_text(f"terraform {{\n{backend[0]}\n}}\n{SLOW}")
    environment = os.environ | {"CHECKPOINT_DISABLE": "1", "AWS_ENDPOINT_URL_S3": cloud}
    settings = {
        "bucket": BUCKET,
        "region": "us-east-1",
        "use_path_style": "true",
        "skip_credentials_validation": "true",
        "skip_requesting_account_id": "true",
    }

    def start(*arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [terraform, f"-chdir={tmp_path}", *arguments, "-no-color"],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    ready = start("init", *(f"-backend-config={k}={v}" for k, v in settings.items()))
    assert ready.wait(60) == 0, ready.communicate()[0]
    ready.communicate()
    gate = tmp_path / "gate"
    return gate, lambda: start("apply", "-auto-approve", f"-var=gate={gate}")


def _wait_for(path: Path, deadline_s: float = 30) -> None:
    end = time.monotonic() + deadline_s
    while not path.exists():
        assert time.monotonic() < end, f"{path.name} did not appear"
        time.sleep(0.05)


def _keys(s3) -> set[str]:
    listing = s3.list_objects_v2(Bucket=BUCKET)
    return {found["Key"] for found in listing.get("Contents", [])}


def test_the_second_apply_is_refused_and_the_lock_is_gone_after(s3, apply):
    gate, start = apply
    first = start()
    _wait_for(gate.with_name("gate.busy"))
    assert any(key.endswith(".tflock") for key in _keys(s3))

    second = start()
    said, _ = second.communicate(timeout=60)
    assert second.returncode == 1
    assert "Error acquiring the state lock" in said

    gate.touch()
    said, _ = first.communicate(timeout=60)
    assert first.returncode == 0, said
    assert _keys(s3) == {"archive-hub/production.tfstate"}
