"""A stand-in for AWS, and the credentials that it takes."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def cloud() -> Iterator[str]:
    """Give the address of a stand-in for AWS, on the loopback address."""
    if importlib.util.find_spec("moto") is None:
        pytest.skip("moto is not installed (extra aws)")
    command = [sys.executable, str(Path(__file__).with_name("cloud_standin.py"))]
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdout is not None
        address = process.stdout.readline().strip()
        assert address.startswith("http://127.0.0.1:"), "the stand-in did not start"
        yield address
        process.communicate(timeout=30)


@pytest.fixture
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    """Set the credentials that the stand-in takes; they open nothing else."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-2")
