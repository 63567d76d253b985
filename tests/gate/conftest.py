"""One hub process and its stand-ins for all tests of the gate."""

import asyncio
import os
import random
import secrets
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import AsyncExitStack, closing, contextmanager, suppress
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest
from aiohttp import web

from hub_config import settings
from hub_config.local.serving import serving
from hub_config.local.standins import accounts, faults
from hub_config.local.standins.cast import Person
from hub_config.local.standins.github import Client, GitHub, github_app
from hub_config.local.standins.people import People

CONTROL = "control"
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


def free_port():
    """Choose a port that nobody is given by chance while the hub is still starting."""
    while True:
        port = random.randrange(20_000, 32_000)
        with socket.socket() as bound, suppress(OSError):
            bound.bind(("127.0.0.1", port))
            return port


class Service:
    """One stand-in on a port of its own, which can go away and come back."""

    def __init__(self, loop, make_app):
        self._loop, self._make_app = loop, make_app
        self._stack = AsyncExitStack()
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.client = httpx.Client(
            verify=False, headers={"Authorization": f"token {CONTROL}"}
        )
        self.up()

    def _run(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(20)

    def up(self):
        async def enter():
            await self._stack.enter_async_context(serving(self._make_app(), self.port))

        self._run(enter())

    def down(self):
        self._run(self._stack.aclose())

    @contextmanager
    def refusing(self):
        self.down()
        try:
            yield
        finally:
            self.up()

    def control(self, what, body, method="PUT"):
        url = f"{self.url}/_standin/{what}"
        response = self.client.request(method, url, json=body)
        return response.raise_for_status().json()

    def fault(self, kind="ok", **more):
        return self.control("fault", {"kind": kind, **more})

    def requests(self):
        return self.control("fault", None, "GET")["requests"]

    def people(self, *people):
        self.control("people", [person.model_dump() for person in people])

    def change(self, number, **changes):
        self.control(f"people/{number}", changes, "PATCH")

    def style(self, **style):
        self.control("style", style)


def archive_app(people, token):
    known = accounts.Accounts(people, {token: accounts.Caller("hub", admin=True)})

    def make():
        switch = faults.Switch()
        app = web.Application(middlewares=[faults.middleware(switch)])
        accounts.add_routes(app, known, control_token=CONTROL)
        faults.add_control(app, switch, CONTROL)
        return app

    return make


class Gate:
    """The hub, GitHub and two archives; the first shares its people with GitHub."""

    def __init__(self, loop, state):
        people = People(())
        github = GitHub(people, Client("client", "secret"))
        self.github = Service(loop, lambda: github_app(github, control_token=CONTROL))
        self.first = Service(loop, archive_app(people, "t1"))
        self.second = Service(loop, archive_app(People(()), "t2"))
        self.state, self.port = state, free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.browsers = []
        self.client = httpx.Client(verify=False, timeout=30)
        self.process = self._start()

    def _start(self):
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


@pytest.fixture(scope="session")
def running_gate(tmp_path_factory):
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    gate = Gate(loop, tmp_path_factory.mktemp("gate"))
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
