"""Runs the hub, its proxy and the stub as processes that can be killed one by one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import httpx
import psutil

from hub_config.local import environments
from hub_config.local.launcher import Launcher, healthy
from hub_config.local.process import LEASH
from hub_config.local.standins.cast import DEFAULT_CAST
from hub_config.local.standins.people import People, Person
from hub_config.local.state import State
from hub_config.settings import load
from hub_config.terms import Terms

HERE = Path(__file__).parent
FIRST = 20_001
TOKEN = "load-" + "0" * 27
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class CrowdedHub(Launcher):
    """A hub whose people are `login(0)` to `login(count - 1)`."""

    config_file = HERE / "hub_config.py"

    def begin(self) -> None:
        """Start everything; the terms are accepted beforehand."""
        stub = [*LEASH, sys.executable, str(HERE / "stub_server.py")]
        self.stub = subprocess.Popen(stub, stdout=subprocess.PIPE, text=True)
        assert self.stub.stdout is not None
        os.environ["LOAD_STUB_PORT"] = self.stub.stdout.readline().strip()
        os.environ["LOAD_TOKEN"] = TOKEN
        self.start_proxy()
        handlers = {number: signal.getsignal(number) for number in SIGNALS}
        self.start()
        for number, handler in handlers.items():
            signal.signal(number, handler)

    def start_proxy(self) -> None:
        """Start the proxy as z2jh does: it knows the hub, and no route."""
        hub, api = self.run.inner("hub"), self.run.ports["proxy_api"]
        words = ["--ip", "127.0.0.1", "--port", str(self.run.port)]
        words += ["--api-ip", "127.0.0.1", "--api-port", str(api)]
        words += ["--default-target", hub, "--error-target", f"{hub}/hub/error"]
        token = self.state.secrets()["proxy_token"]
        with (self.state.path / "logs" / "proxy.log").open("ab") as out:
            self.proxy = subprocess.Popen(
                [*LEASH, *environments.proxy_command(), *words],
                env=os.environ | {"CONFIGPROXY_AUTH_TOKEN": token},
                stdout=out,
                stderr=subprocess.STDOUT,
            )

    def kill_proxy(self) -> None:
        self.proxy.kill()
        self.proxy.wait()

    def routes(self) -> set[str]:
        """Return what the proxy knows; none while it is away."""
        token = self.state.secrets()["proxy_token"]
        headers = {"Authorization": f"token {token}"}
        try:
            place = f"{self.run.inner('proxy_api')}/api/routes"
            return set(httpx.get(place, headers=headers, timeout=30).json())
        except httpx.TransportError:
            return set()

    def kill_hub(self) -> None:
        assert self.hub is not None
        self.hub.kill()
        self.hub.wait()

    def start_hub_again(self) -> None:
        """Start the hub as Kubernetes does after it died; does not wait for it."""
        command = [*LEASH, sys.executable, "-m", "jupyterhub", "--config"]
        self.hub = self._child([*command, str(self.config_file)])

    def wait_until_healthy(self, within_s: float) -> float:
        """Return how many seconds passed until the hub answers again."""
        began_s = time.monotonic()
        while not healthy(self.run):
            assert time.monotonic() < began_s + within_s, f"no hub after {within_s} s"
            time.sleep(0.1)
        return time.monotonic() - began_s

    def end(self) -> None:
        self.stop()
        for child in (self.proxy, self.stub):
            child.kill()
            child.communicate()

    def api(self) -> httpx.Client:
        """Return a client of the hub's API with an operator's scopes."""
        headers = {"Authorization": f"token {TOKEN}"}
        url = f"{self.run.url}/hub/api"
        return httpx.Client(base_url=url, headers=headers, timeout=60)

    def watched(self) -> dict[str, psutil.Process]:
        """Return the two processes whose cost counts."""
        assert self.hub is not None
        pids = {"hub": self.hub.pid, "proxy": self.proxy.pid}
        return {name: psutil.Process(pid) for name, pid in pids.items()}


def login(index: int) -> str:
    return f"load-{index:05d}"


def name(index: int) -> str:
    return f"gh-{FIRST + index}"


@contextmanager
def crowded_hub(folder: Path, count: int) -> Iterator[CrowdedHub]:
    """Run a hub with `count` people beside the usual cast; prints its log's end."""
    state = State(folder)
    state.make()
    everybody = [
        Person(number=FIRST + index, login=login(index), status="APPROVED", joined=9999)
        for index in range(count)
    ]
    People([*DEFAULT_CAST, *everybody], path=state.path / "people.json")
    version = load().hub.terms_version
    with closing(Terms(state.path / "people.sqlite")) as terms:
        for person in everybody:
            assert person.number is not None
            terms.note_accepted(person.number, version)
    with state.held():
        hub = CrowdedHub(state, state.begin(0))
        try:
            hub.begin()
            yield hub
        finally:
            hub.end()
            log = state.path / "logs" / "hub.log"
            lines = log.read_text(errors="replace").splitlines()
            print("\n".join(line for line in lines if "rror" in line)[-6000:])
