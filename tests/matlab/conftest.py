"""A hub where MATLAB may be started, and two people in front of it."""

from __future__ import annotations

import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from hub_config.tables import LicenceServer

ALLOWED = "27000@licence.example.edu"


@pytest.fixture(scope="session")
def with_server(hub):
    """Our settings with one licence server allowed."""
    server = LicenceServer(
        host="licence.example.edu", address="192.0.2.10", port=27000, vendor_port=27001
    )
    return hub.model_copy(update={"licence_servers": {"example": server}})


def until(what, condition, deadline_s=180.0):
    end = time.monotonic() + deadline_s
    while time.monotonic() < end:
        if found := condition():
            return found
        time.sleep(0.05)
    pytest.fail(f"not within {deadline_s} s: {what}")


class StartHub:
    """The hub, and everything that it writes down."""

    def __init__(self, state, settings):
        self.state, self.port = state, random.randrange(20_000, 32_000)
        self.url = f"http://127.0.0.1:{self.port}"
        (state / "settings.json").write_text(settings.model_dump_json())
        config = Path(__file__).with_name("start_hub.py")
        env = {**os.environ, "START_STATE": str(state), "START_PORT": str(self.port)}
        with (state / "hub.log").open("w") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "jupyterhub", "-f", str(config)],
                cwd=state,
                env=env,
                stdout=log,
                stderr=log,
            )

    def healthy(self):
        if self.process.poll() is not None:
            pytest.fail(f"the hub ended:\n{self.log()}")
        try:
            return httpx.get(f"{self.url}/hub/health").status_code == 200
        except httpx.TransportError:
            return False

    def log(self):
        return (self.state / "hub.log").read_text()

    def stored(self):
        """Return every row of the database, as text."""
        with closing(sqlite3.connect(self.state / "hub.sqlite", timeout=10)) as db:
            return "\n".join(db.iterdump())

    def files(self):
        """Return the bytes of the database's files, freed pages included."""
        return b"".join(file.read_bytes() for file in self.state.glob("hub.sqlite*"))

    def environment(self, name):
        file = self.state / "homes" / name / "environment.json"
        return json.loads(file.read_text())

    def pod(self, name):
        return (self.state / f"{name}.pod.json").read_text()


class Person:
    """One person's browser."""

    def __init__(self, hub, name):
        self.hub, self.name = hub, name
        self.client = httpx.Client(base_url=hub.url, timeout=60, follow_redirects=True)
        self.client.get("/hub/login")
        form = {"username": name, "password": "", "_xsrf": self.xsrf}
        self.client.post("/hub/login?next=/hub/home", data=form)

    @property
    def xsrf(self):
        jar = self.client.cookies.jar
        return next(one.value for one in jar if one.name == "_xsrf")

    def start(self, **form):
        """Send the start form; return the page that comes."""
        data = {**form, "_xsrf": self.xsrf}
        return self.client.post("/hub/spawn", data=data, follow_redirects=False)

    def ask(self, **choice):
        """Start through the API."""
        headers = {"X-XSRFToken": self.xsrf}
        path = f"/hub/api/users/{self.name}/server"
        return self.client.post(path, json=choice, headers=headers)

    def model(self):
        return self.client.get(f"/hub/api/users/{self.name}").json()

    def running(self):
        until(f"{self.name}'s server", lambda: self.model()["server"])

    def stop(self):
        headers = {"X-XSRFToken": self.xsrf}
        self.client.delete(f"/hub/api/users/{self.name}/server", headers=headers)
        until("the server is gone", lambda: not self.model()["servers"])


@pytest.fixture(scope="module")
def start_hub(tmp_path_factory, with_server):
    hub = StartHub(tmp_path_factory.mktemp("start"), with_server)
    try:
        until("the hub is healthy", hub.healthy)
        yield hub
    finally:
        hub.process.send_signal(signal.SIGTERM)
        hub.process.wait(30)


@pytest.fixture
def two(start_hub):
    """Two people; what they started ends with the test."""
    people = Person(start_hub, "gh-1001"), Person(start_hub, "gh-1002")
    yield people
    for person in people:
        if person.model()["servers"]:
            person.stop()
        person.client.close()
