"""The cluster's API goes silent: nobody loses a server, starts work at once after."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from pathlib import Path

import httpx
import pytest

from hub_config.visit.browser import Visitor

from ..local.conftest import Server
from .kube import kubectl, pods, wait_for
from .release import NAMESPACE

RETURN_S = 10
TOLD_S = 30
# LONG=1 plays ten minutes besides: too long for every run.
OUTAGES_S = [20, 65, *([600] if os.environ.get("LONG") else [])]


def api_servers():
    """Return the API server's processes on this machine."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/comm"):
        with contextlib.suppress(OSError):
            if entry.read_text().strip() == "kube-apiserver":
                found.append(int(entry.parent.name))
    return found


@contextlib.contextmanager
def silence(seconds):
    """Freeze the API server: it takes connections and answers nothing."""
    processes = api_servers()
    try:
        for process in processes:
            os.kill(process, signal.SIGSTOP)
        began = time.monotonic()
        yield
        # An outage is as long as it is.
        while time.monotonic() - began < seconds:
            time.sleep(0.2)
    finally:
        for process in processes:
            os.kill(process, signal.SIGCONT)


@pytest.fixture(scope="module")
def outages(direct):
    if not api_servers():
        pytest.skip("the API server is no process of this machine: it cannot be frozen")
    return direct


def test_it_is_told_as_long_as_it_lasts_and_no_longer(outages, figures):
    with Visitor(outages) as somebody:

        def well():
            return somebody.get("/hub/health/parts").json()["kubernetes"]["ok"]

        wait_for(well, TOLD_S, "the cluster's API to be well before")
        with silence(0):
            began = time.monotonic()
            wait_for(lambda: not well(), 2 * TOLD_S, "the silence to be told")
            told_s = time.monotonic() - began
            assert "New servers may have to wait" in somebody.get("/hub/login").text
        began = time.monotonic()
        wait_for(well, 2 * TOLD_S, "the end of it to be told")
        back_s = time.monotonic() - began
    figures.note("silence of the API told", told_s, f"{TOLD_S} s")
    figures.note("its end told", back_s, f"{TOLD_S} s")
    assert told_s <= TOLD_S
    assert back_s <= TOLD_S


@pytest.mark.parametrize("seconds", OUTAGES_S)
@pytest.mark.timeout(1000)
def test_nobody_loses_a_server_and_starts_work_after(outages, seconds, figures):
    with Visitor(outages) as ada, Visitor(outages) as mei:
        ada.log_in("ada")
        mei.log_in("mei")
        names = {one: one.name for one in (ada, mei)}
        ada.start_server(names[ada], "tiny")
        server = Server(ada, names[ada])
        assert server.run("x = 6 * 7").status == "ok"
        before = uids()
        with silence(seconds):
            assert server.run("print(x)").text.strip() == "42"
            assert ada.get("/hub/home").status_code == 200
        took = start_again(mei, names[mei])
        figures.note(f"a start after {seconds} s of silence: pod made", took, "10 s")
        assert took <= RETURN_S
        assert before.items() <= uids().items()
        assert server.run("print(x)").text.strip() == "42"
        for one in (ada, mei):
            Server(one, names[one]).stop()


def uids():
    found = pods(NAMESPACE, "component=singleuser-server")
    return {pod["metadata"]["name"]: pod["metadata"]["uid"] for pod in found}


def start_again(visitor, name):
    """Start a server; return the seconds until its pod exists, then wait for it."""
    began = time.monotonic()
    took = []

    def made():
        with contextlib.suppress(AssertionError, httpx.HTTPError):
            label = f"hub.jupyter.org/username={name}"
            words = ("get", "pods", "-n", NAMESPACE, "-l", label, "-o", "name")
            return kubectl(*words, timeout_s=20)
        return ""

    answer = visitor.post(
        f"/hub/api/users/{name}/server",
        json={"profile": "tiny"},
        headers={"X-XSRFToken": visitor.xsrf},
    )
    assert answer.status_code in {201, 202}, answer.text
    wait_for(made, 60, "the pod of a start after the outage")
    took.append(time.monotonic() - began)

    def ready():
        servers = visitor.get(f"/hub/api/users/{name}").json()["servers"]
        return servers.get("", {}).get("ready")

    wait_for(ready, 120, "the server to be ready")
    return took[0]
