"""T20: a hub with twenty servers goes from JupyterHub 5.5 to 6.1 and back.

The servers and the proxy are processes of their own, as in the cloud; they are asked
all the while, and not one answer may be missing.
"""

from __future__ import annotations

import os
import secrets
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import httpx
import psutil
import pytest

from hub_config.local.environments import proxy_command

pytestmark = [pytest.mark.load, pytest.mark.timeout(900)]
NEWER = "6.1.1"
PEOPLE = 20
CONFIG = Path(__file__).with_name("upgrade") / "jupyterhub_config.py"


@pytest.fixture(scope="module")
def newer(tmp_path_factory):
    """The interpreter of an environment with the newer JupyterHub."""
    folder = tmp_path_factory.mktemp("newer") / "environment"
    uv = [str(Path(sys.executable).with_name("uv"))]
    subprocess.run([*uv, "venv", "--quiet", folder], check=True)
    python = folder / "bin" / "python"
    install = [*uv, "pip", "install", "--quiet", "--python", python]
    done = subprocess.run(
        [*install, f"jupyterhub=={NEWER}"], capture_output=True, text=True, check=False
    )
    if done.returncode:
        pytest.skip(f"no JupyterHub {NEWER} from the package index: {done.stderr}")
    return python


def free_ports(count):
    held = [socket.socket() for _ in range(count)]
    for one in held:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in held]
    for one in held:
        one.close()
    return ports


class Cloud:
    """A proxy that stays, and hubs that come and go behind it."""

    def __init__(self, state: Path) -> None:
        public, api, hub = free_ports(3)
        self.state = state
        self.url = f"http://127.0.0.1:{public}"
        self.token = secrets.token_hex(16)
        self.environment = os.environ | {
            "UPGRADE_STATE": str(state),
            "UPGRADE_TOKEN": self.token,
            "UPGRADE_URL": self.url,
            "UPGRADE_HUB_URL": f"http://127.0.0.1:{hub}",
            "UPGRADE_PROXY_API": f"http://127.0.0.1:{api}",
            "CONFIGPROXY_AUTH_TOKEN": self.token,
            "JUPYTERHUB_CRYPT_KEY": "ab" * 32,
        }
        self.proxy = subprocess.Popen(
            [
                *(*proxy_command(), "--ip=127.0.0.1", f"--port={public}"),
                *("--api-ip=127.0.0.1", f"--api-port={api}"),
                f"--default-target=http://127.0.0.1:{hub}",
            ],
            env=self.environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self.client = httpx.Client(
            base_url=f"{self.url}/hub/api",
            headers={"Authorization": f"token {self.token}"},
            timeout=60,
        )

    @contextmanager
    def hub(self, python):
        """Run a hub of an environment; what it started stays."""
        with (self.state / "hub.log").open("ab") as log:
            process = self._start(python, log)
            try:
                self._until_healthy(process)
                yield
            finally:
                process.send_signal(signal.SIGTERM)
                process.wait(60)

    def refuses(self, python) -> bool:
        """Tell whether a hub of an environment ends at once on this database."""
        with (self.state / "refused.log").open("ab") as log:
            return self._start(python, log).wait(90) != 0

    def _start(self, python, log):
        path = f"{Path(python).parent}:{os.environ['PATH']}"
        return subprocess.Popen(
            [python, "-m", "jupyterhub", "--config", CONFIG],
            cwd=self.state,
            env=self.environment | {"PATH": path},
            stdout=log,
            stderr=log,
            start_new_session=True,
        )

    def _until_healthy(self, process) -> None:
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            assert process.poll() is None, (self.state / "hub.log").read_text()[-3000:]
            try:
                if self.client.get("/health").status_code == 200:
                    return
            except httpx.HTTPError:
                pass
            time.sleep(0.2)
        pytest.fail("the hub was not healthy after 120 s")

    def start_servers(self, names) -> None:
        for name in names:
            assert self.client.post(f"/users/{name}").status_code == 201
            answer = self.client.post(f"/users/{name}/server")
            assert answer.status_code in {201, 202}, answer.text
        deadline = time.monotonic() + 120
        while len(self.ready()) < len(names):
            assert time.monotonic() < deadline, "the servers did not start"
            time.sleep(0.2)

    def ready(self) -> set[str]:
        users = self.client.get("/users").raise_for_status().json()
        return {u["name"] for u in users if u["servers"].get("", {}).get("ready")}

    def known(self) -> set[str]:
        users = self.client.get("/users").raise_for_status().json()
        return {user["name"] for user in users}


@pytest.fixture
def cloud(tmp_path):
    state = tmp_path / "state"
    (state / "homes").mkdir(parents=True)
    made = Cloud(state)
    yield made
    stub = str(CONFIG.with_name("stub_server.py"))
    for process in psutil.process_iter(["cmdline"]):
        mine = stub in (process.info["cmdline"] or [])
        if mine and str(state) in process.environ().get("HOME", ""):
            process.kill()
    made.client.close()
    made.proxy.terminate()
    made.proxy.wait(10)


class Watch(threading.Thread):
    """Asks every server over and over through the proxy, and counts what is missing."""

    def __init__(self, url, names) -> None:
        super().__init__()
        self.url, self.names = url, sorted(names)
        self.done = threading.Event()
        self.pids: dict[str, set[str]] = {name: set() for name in names}
        self.asked = 0
        self.missing: list[str] = []

    def run(self) -> None:
        with httpx.Client(base_url=self.url, timeout=30) as client:
            while not self.done.wait(0.1):
                for name in self.names:
                    self._ask(client, name)

    def _ask(self, client, name) -> None:
        self.asked += 1
        try:
            answer = client.get(f"/user/{name}/")
        except httpx.HTTPError as error:
            self.missing.append(f"{name}: {error!r}")
            return
        if answer.status_code == 200:
            self.pids[name].add(answer.text)
        else:
            self.missing.append(f"{name}: {answer.status_code}")


def test_twenty_servers_survive_the_way_up_and_back(newer, cloud, archive_hub):
    names = {f"gh-{number}" for number in range(1, PEOPLE + 1)}
    older = sys.executable
    state = str(cloud.state)
    with cloud.hub(older):
        cloud.start_servers(names)
        watch = Watch(cloud.url, names)
        watch.start()
    try:
        assert cloud.refuses(newer), "it takes the old database: no upgrade is needed"
        began = time.monotonic()
        done = archive_hub("local", "upgrade", "--state", state, "--python", str(newer))
        print(f"upgrade_s = {round(time.monotonic() - began, 1)}")
        assert done.returncode == 0, done.stderr
        assert f"JupyterHub {NEWER}: the schema went from" in done.stderr
        with cloud.hub(newer):
            assert cloud.ready() == names
            assert cloud.client.post("/users/gh-99").status_code == 201
        assert cloud.refuses(older), "no rollback of the database is needed"
        began = time.monotonic()
        done = archive_hub("local", "rollback", "--state", state)
        print(f"rollback_s = {round(time.monotonic() - began, 1)}")
        assert done.returncode == 0, done.stderr
        with cloud.hub(older):
            assert cloud.ready() == names
            assert cloud.known() == names, "who came since the upgrade is not in it"
    finally:
        watch.done.set()
        watch.join()
    print(f"asked = {watch.asked}")
    assert watch.missing == []
    assert watch.asked > PEOPLE * 10
    assert {len(pids) for pids in watch.pids.values()} == {1}
