"""One hub process and its stand-ins for all tests of the gate."""

import asyncio
import os
import secrets
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest

from hub_config import settings
from hub_config.local.standins.cast import Person
from hub_config.local.standins.github import Client, GitHub, github_app
from hub_config.local.standins.people import People

from .services import CONTROL, Service, archive_app, free_port

TOKENS = {
    "GATE_TOKEN": "hub-api-token",
    "GATEWAY_TOKEN": "gateway-token",
    "ARCHIVE_TOKEN_FIRST": "t1",
    "ARCHIVE_TOKEN_SECOND": "t2",
}
ADMIN = 900


def until(what, condition, deadline_s=20.0):
    end = time.monotonic() + deadline_s
    while time.monotonic() < end:
        if condition():
            return
        time.sleep(0.05)
    pytest.fail(f"not within {deadline_s} s: {what}")


class Gate:
    """The hub, GitHub and two archives; the first shares its people with GitHub."""

    def __init__(self, loop, state, environment):
        people = People(())
        github = GitHub(people, Client("client", "secret"))
        self.github = Service(loop, lambda: github_app(github, control_token=CONTROL))
        self.first = Service(loop, archive_app(people, "t1"))
        self.second = Service(loop, archive_app(People(()), "t2"))
        self.state, self.port = state, free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.browsers = []
        self.client = httpx.Client(verify=False, timeout=30)
        self.process = self._start(environment)

    def _start(self, environment):
        hub = settings.load()
        old = hub.archives["dandi"]
        archives = {
            name: old.model_copy(
                update={
                    "name": f"The {name.title()} Archive",
                    "api_url": f"{service.url}/api",
                    "token_env": f"ARCHIVE_TOKEN_{name.upper()}",
                    "exact_list": name == "second",
                }
            )
            for name, service in (("first", self.first), ("second", self.second))
        }
        login = hub.login.model_copy(
            update={"recheck_min": 1 / 60, "timeout_s": 1.5, "admins": (ADMIN,)}
        )
        # Six seconds from the notice to the stop, where it would be ten minutes.
        idle = hub.idle.model_copy(update={"warn_min": 0.1})
        tables = {"archives": archives, "login": login, "idle": idle}
        hub = hub.model_copy(update=tables)
        (self.state / "settings.json").write_text(hub.model_dump_json())
        env = {
            **os.environ,
            **environment,
            **TOKENS,
            "GATE_STATE": str(self.state),
            "GATE_PORT": str(self.port),
            "GATE_GITHUB": self.github.url,
            "JUPYTERHUB_CRYPT_KEY": secrets.token_hex(32),
        }
        config = str(Path(__file__).with_name("gate_hub.py"))
        with (self.state / "hub.log").open("w") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "jupyterhub", "-f", config],
                cwd=self.state,
                env=env,
                stdout=log,
                stderr=log,
            )

    def healthy(self):
        if self.process.poll() is not None:
            pytest.fail(f"the hub ended:\n{self.log()}")
        try:
            return self.client.get(f"{self.url}/hub/health").status_code == 200
        except httpx.TransportError:
            return False

    def log(self):
        return (self.state / "hub.log").read_text()

    def users(self):
        answer = self.client.get(
            f"{self.url}/hub/api/users",
            headers={"Authorization": "token hub-api-token"},
        )
        return {user["name"]: user for user in answer.json()}

    def token_status(self, token):
        headers = {"Authorization": f"token {token}"}
        answer = self.client.get(f"{self.url}/hub/api/user", headers=headers)
        return answer.status_code

    def ledger(self, statement):
        with closing(sqlite3.connect(self.state / "ledger.sqlite", timeout=10)) as db:
            db.execute(statement)
            db.commit()

    def reset(self):
        while self.browsers:
            self.browsers.pop().client.close()
        self.github.fault()
        for service in (self.first, self.second):
            service.fault()
            service.people()
            service.style()

    def login(self, login, path="/hub/oauth_login"):
        browser = Browser(self, login, path)
        self.browsers.append(browser)
        return browser


class Browser:
    """One person's browser, after the attempt to log in."""

    def __init__(self, gate, login, path):
        self.gate = gate
        self.client = httpx.Client(
            base_url=gate.url, timeout=30, follow_redirects=True, verify=False
        )
        begun = time.monotonic()
        self.asked = self.client.get(path)
        query = dict(parse_qsl(urlsplit(str(self.asked.url)).query))
        where = str(self.asked.url).partition("?")[0]
        self.answer = self.client.post(where, data={**query, "login": login})
        self.took_s = time.monotonic() - begun
        self.status = self.answer.status_code

    def home(self):
        return self.client.get("/hub/home", follow_redirects=False).status_code

    def post(self, path, **body):
        self.client.get("/hub/home")
        xsrf = self.client.cookies.get("_xsrf", path="/hub/")
        return self.client.post(
            f"/hub/api/{path}", json=body, headers={"X-XSRFToken": xsrf}
        )

    def token(self, name):
        answer = self.post(f"users/{name}/tokens", note="test")
        assert answer.status_code == 201, answer.text
        return answer.json()["token"]

    def start_server(self, name):
        answer = self.post(f"users/{name}/server")
        assert answer.status_code in (201, 202), answer.text
        until("the server is up", lambda: self.gate.users()[name]["server"])


@contextmanager
def opened(state, **environment):
    """Run a hub and its stand-ins while the block runs."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    gate = Gate(loop, state, environment)
    try:
        until("the hub is healthy", gate.healthy, 60)
        yield gate
    finally:
        gate.process.terminate()
        gate.process.wait(20)
        gate.client.close()
        for service in (gate.github, gate.first, gate.second):
            service.client.close()
            service.down()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


@pytest.fixture(scope="session")
def running_gate(tmp_path_factory):
    with opened(tmp_path_factory.mktemp("gate")) as gate:
        yield gate


@pytest.fixture
def gate(running_gate):
    running_gate.reset()
    yield running_gate
    running_gate.reset()


@pytest.fixture(scope="session")
def person():
    """Make a person: approved by the archive unless told otherwise."""
    numbers = iter(range(1, 900))

    def make(login, **fields):
        fields = {"number": next(numbers), "status": "APPROVED", **fields}
        return Person(login=login, **fields)

    return make


@pytest.fixture(scope="session")
def wait_until():
    return until
