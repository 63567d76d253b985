"""The disk with databases and homes fills up, and is emptied again.

The logs are elsewhere, as in the cloud: on one machine they are on the same disk, and
the proxy answers no more when it can write no line.
"""

from __future__ import annotations

import os
import subprocess
from contextlib import suppress

import httpx
import pytest

from hub_config.local import environments
from hub_config.visit.browser import Visitor
from hub_config.visit.server import Server

# What is ill is told within half a minute: nothing may run beside it.
pytestmark = pytest.mark.quiet
SIZE = "320m"


@pytest.fixture
def small(tmp_path):
    """Give a folder that is a small disk."""
    if os.geteuid() != 0:
        pytest.skip("a small disk can only be mounted by root")
    if not os.access(environments.user_python(), os.X_OK):
        pytest.skip("no user environment; `archive-hub local prepare` makes it")
    disk, logs = tmp_path / "disk", tmp_path / "logs"
    disk.mkdir()
    logs.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={SIZE},mode=700", "none"]
    if subprocess.run([*mount, str(disk)], capture_output=True).returncode:
        pytest.skip("nothing can be mounted here")
    (disk / "logs").symlink_to(logs)
    yield disk
    subprocess.run(["umount", "--lazy", str(disk)], check=True)


def fill(folder):
    """Write until nothing fits; return what was written."""
    filler = folder / "filler"
    with suppress(OSError), filler.open("wb", buffering=0) as file:
        while True:
            file.write(b"x" * 65536)
    with suppress(OSError), filler.open("ab", buffering=0) as file:
        while True:
            file.write(b"x")
    return filler


def ill(url):
    answer = httpx.get(f"{url}/hub/health/parts", timeout=20)
    return {name for name, sign in answer.json().items() if not sign["ok"]}


def test_a_full_disk_is_told_touches_no_server_and_heals(small, root, hub_on, until):
    with (
        hub_on(small, root) as status,
        Visitor(status["url"]) as ada,
        Visitor(status["url"]) as mei,
    ):
        ada.log_in("ada")
        ada.start_server("gh-1001", "tiny")
        server = Server(ada, "gh-1001")
        assert server.get("lab").status_code == 200
        filler = fill(small)
        until(lambda: {"disk", "homes"} <= ill(status["url"]), 30, "the disk to be ill")
        assert "disk is full" in mei.get("/hub/login").text
        assert mei.log_in("mei").status_code == 503, "later, not an error of ours"
        assert server.get("lab").status_code == 200
        assert server.get("api/kernels").status_code in (200, 403)
        filler.unlink()
        until(lambda: not ill(status["url"]), 30, "the disk to be well")
        assert mei.log_in("mei").status_code == 200
        assert mei.name == "gh-1004"
        assert ada.server_of("gh-1001")["ready"]
