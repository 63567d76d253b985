"""Stand-in people walk through notebook 01 on a running hub; nothing stays behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from hub_config.local.state import State

SCRIPT = str(Path(sys.executable).with_name("archive-hub"))


@pytest.fixture
def command(running):
    return [SCRIPT, "rehearse", running["url"], "--state", running["state"]]


@pytest.fixture
def sign_in_page(running):
    """Return a function that reads whom the stand-in of GitHub offers."""

    def read():
        page = httpx.get(f"{running['url']}/hub/oauth_login", follow_redirects=True)
        return page.text

    return read


def left_of_it(state: str) -> list[str]:
    """Return the homes' owners that still have processes of their own."""
    words = [f"{state}/homes/gh-70000", f"{state}/scratch/gh-70000"]
    found = []
    for folder in Path("/proc").glob("[0-9]*/environ"):
        try:
            environ = folder.read_bytes().decode(errors="replace")
        except OSError:
            continue
        if any(word in environ for word in words):
            found.append(folder.parent.name)
    return found


@pytest.mark.notebooks
def test_two_people_come_through_and_leave_nothing(command, running, sign_in_page):
    ran = subprocess.run(
        [*command, "--people", "2", "--json"], capture_output=True, text=True
    )
    assert ran.returncode == 0, ran.stderr + ran.stdout
    report = json.loads(ran.stdout)
    assert report["passed"] == report["people"] == 2
    assert report["left_running"] == []
    for step in ("log in", "terms", "start", "notebook", "stop"):
        found = report["steps"][step]
        assert found["passed"] == 2, step
        assert 0 < found["p50_s"] <= found["p95_s"] <= found["slowest_s"], step
    assert "rehearsal-0001" not in sign_in_page()
    assert left_of_it(running["state"]) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_it_stops_what_it_started(command, running, until, number):
    rehearsal = subprocess.Popen(
        [*command, "--people", "1"], stderr=subprocess.PIPE, text=True
    )
    until(lambda: left_of_it(running["state"]), 90, "the server's process")
    os.kill(rehearsal.pid, number)
    _, told = rehearsal.communicate(timeout=120)
    assert rehearsal.returncode == 130, told
    assert "servers were stopped" in told
    assert "could not be stopped" not in told
    until(lambda: not left_of_it(running["state"]), 20, "the processes to end")


def test_who_is_refused_is_told_with_the_hubs_words(command, running):
    secrets = State(Path(running["state"])).secrets()
    run = State(Path(running["state"])).run()
    place = f"{run.inner('standins')}/services/archive/_standin/fault"
    headers = {"Authorization": f"token {secrets['control_token']}"}
    away = {"kind": "http-500", "path": "/users/search"}
    httpx.put(place, json=away, headers=headers).raise_for_status()
    try:
        ran = subprocess.run(
            [*command, "--people", "3", "--json"], capture_output=True, text=True
        )
    finally:
        httpx.put(place, json={"kind": "ok"}, headers=headers).raise_for_status()
    assert ran.returncode == 1
    report = json.loads(ran.stdout)
    assert report["steps"]["log in"] == {"passed": 0, "failed": 3}
    assert "cannot be asked right now" in report["failures"][0]["why"]


def test_a_real_hub_needs_accounts_of_its_own(tmp_path, root):
    ran = subprocess.run(
        [SCRIPT, "rehearse", "https://hub.example.org", "--state", str(tmp_path)],
        capture_output=True,
        text=True,
        cwd=root,
    )
    assert ran.returncode == 1
    assert "give --tokens FILE" in ran.stderr
    assert len(ran.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["hub.example.org"], "is no address"),
        (["ftp://hub.example.org"], "is no address"),
        ([], "no hub runs on this state"),
        (["http://127.0.0.1:9", "--profile", "huge"], "no such size"),
    ],
)
def test_a_wrong_question_is_one_line(tmp_path, words, said):
    ran = subprocess.run(
        [SCRIPT, "rehearse", *words, "--state", str(tmp_path)],
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 1
    assert said in ran.stderr
    assert len(ran.stderr.strip().splitlines()) == 1


def test_an_account_with_a_token_walks_without_signing_in(command, person, tmp_path):
    visitor = person("grace")
    answer = visitor.post(
        "/hub/api/users/gh-1002/tokens",
        json={"note": "rehearsal", "expires_in": 600},
        headers={"X-XSRFToken": visitor.xsrf},
    )
    file = tmp_path / "tokens"
    file.write_text(answer.json()["token"])
    ran = subprocess.run(
        [*command, "--tokens", str(file), "--people", "1", "--profile", "gpu"],
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 1
    assert "Not on this machine" in ran.stdout, ran.stdout + ran.stderr
