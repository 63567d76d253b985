"""The health check of the hub of one machine: what it finds and what it leaves."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from hub_config.visit.browser import Visitor
from hub_config.visit.health import CANARY, Account, Check, Step, exit_code

STEPS = [
    "hub answers",
    "each part is well",
    "log in",
    "start Tiny",
    "read from S3",
    "add up on two Dask workers",
    "stop",
]
CLUSTERS = "from dask_gateway import Gateway; print(len(Gateway().list_clusters()))"


def servers_of(running, login):
    with Visitor(running["url"]) as visitor:
        visitor.log_in(login)
        return visitor.server_of(visitor.name)


def test_a_healthy_hub_passes_each_step_and_nothing_is_left(running, archive_hub):
    answer = archive_hub("health", running["url"], "--json")
    report = json.loads(answer.stdout)
    assert [step["name"] for step in report["steps"]] == STEPS, report
    assert [step["ok"] for step in report["steps"]] == [True] * len(STEPS), report
    assert all(step["took_s"] >= 0 for step in report["steps"])
    assert (answer.returncode, report["healthy"]) == (0, True)
    assert servers_of(running, CANARY) == {}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_leaves_no_server(running, root, number):
    script = str(Path(sys.executable).with_name("archive-hub"))
    command = [script, "health", running["url"]]
    with subprocess.Popen(
        command, cwd=root, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as check:
        deadline = time.monotonic() + 120
        while not servers_of(running, CANARY):
            assert check.poll() is None, check.communicate()
            assert time.monotonic() < deadline, "no server was started"
        check.send_signal(number)
        output, errors = check.communicate(timeout=120)
    assert check.returncode == 128 + number, (output, errors)
    assert "stop" in output.splitlines()[-1]
    assert "Traceback" not in errors
    assert servers_of(running, CANARY) == {}


def test_a_person_at_work_is_left_alone(running, archive_hub, start):
    server = start("mei", "tiny")
    answer = archive_hub("health", running["url"], "--login", "mei")
    assert answer.returncode == 2
    assert "has a server already" in answer.stdout
    assert server.status()[""]["ready"]


def test_what_a_killed_check_left_is_stopped(running, start):
    start(CANARY, "tiny")
    with Visitor(running["url"]) as visitor:
        check = Check(visitor, Account(), lambda _: None, leftover_s=0)
        check._compute = check._read = lambda: ""
        steps = check.run()
    assert exit_code(steps) == 0, steps
    assert steps[3].detail == "stopped one that an earlier check left"
    assert servers_of(running, CANARY) == {}


def test_who_is_not_registered_fails_the_login(running, archive_hub):
    answer = archive_hub("health", running["url"], "--login", "noor")
    assert answer.returncode == 1
    assert answer.stdout.splitlines()[-1].startswith("FAILED log in")
    assert "is it registered with the archive?" in answer.stdout


def test_nobody_of_that_name_is_no_verdict(running, archive_hub):
    answer = archive_hub("health", running["url"], "--login", "nobody")
    assert answer.returncode == 2
    assert "name one with --login" in answer.stdout


def test_nobody_listening_is_no_verdict(archive_hub):
    answer = archive_hub("health", "http://127.0.0.1:9")
    assert (answer.returncode, answer.stderr) == (2, "")
    assert answer.stdout.startswith("?      hub answers")


@pytest.mark.parametrize("url", ["hub.example.org", "ftp://a", "http://", "http://a:b"])
def test_what_is_no_address_is_refused(archive_hub, url):
    answer = archive_hub("health", url)
    assert answer.returncode == 2
    assert "Invalid value for 'url'" in " ".join(answer.stderr.split())


def test_a_failure_outweighs_what_could_not_be_asked():
    steps = [Step("a", True, 0), Step("b", None, 0), Step("c", False, 0)]
    assert [exit_code(steps[:n]) for n in range(4)] == [2, 0, 2, 1]
