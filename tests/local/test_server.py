"""From the start page to a running cell, within the profile's limits."""

from __future__ import annotations

import json
import signal

import psutil
import pytest


def test_a_person_starts_a_server_and_runs_a_cell(base):
    output = base.run("print(6 * 7)")
    assert (output.text.strip(), output.status) == ("42", "ok")


def test_a_server_knows_its_limits_and_no_secret(base, running):
    environment = json.loads(
        base.run("import json, os; print(json.dumps(dict(os.environ)))").text
    )
    most = running["limits"]["memory_bytes"]
    assert environment["MEM_LIMIT"] == str(min(32 * 2**30, most))
    assert environment["ARCHIVE_HUB_PROFILE"] == "Base"
    assert environment["DANDI_INSTANCE"].endswith("/services/archive")
    text = json.dumps(environment)
    for secret in ("gho_", "CONFIGPROXY_AUTH_TOKEN", "CRYPT_KEY", "ARCHIVE_TOKEN"):
        assert secret not in text


def test_what_the_hub_tells_a_server_is_what_the_server_looks_for(base, root):
    environment = json.loads(
        base.run("import json, os; print(json.dumps(dict(os.environ)))").text
    )
    told = {name for name in environment if name.startswith("ARCHIVE_HUB_")}
    packages = root / "images" / "packages"
    read = "".join(file.read_text() for file in packages.rglob("*.py"))
    assert "ARCHIVE_HUB_CULL_AFTER_MIN" in told
    assert {name for name in told if f'"{name}"' not in read} == set()


OVER_THE_LIMIT = """
import os
child = os.fork()
if not child:
    held = bytearray(os.urandom(1024)) * (3 * 2**20)
    os._exit(0)
_, status = os.waitpid(child, 0)
print(os.WTERMSIG(status))
"""


def test_memory_above_the_profile_is_refused_by_the_kernel(start, running):
    if not running["limits"]["kind"].startswith("cgroup"):
        pytest.skip(f"limits by {running['limits']['kind']}: a process, not the tree")
    server = start("mei", "tiny")
    output = server.run(OVER_THE_LIMIT)
    assert output.text.strip() == str(int(signal.SIGKILL)), output
    assert server.get("api").status_code == 200


def test_stopping_ends_every_process_of_the_server(start, until):
    server = start("grace", "tiny")
    pid = int(server.run("import os; print(os.getpid())").text)
    server.stop()
    until(lambda: not psutil.pid_exists(pid), 5, "the kernel to end")
