"""Real user servers of the base environment, on the loopback address."""

import json
import os
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from websocket import WebSocket, create_connection

ROOT = Path(__file__).parents[2]
BASE = ROOT / ".envs" / "base"
sys.path.insert(0, str(ROOT / "images" / "packages" / "hub_server"))

TOKEN = "a-token"


def until(look: Callable[[], Any], what: str, timeout_s: float = 20) -> Any:
    """Return the first true answer of `look`; fail after `timeout_s`."""
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        answer = look()
        if answer:
            return answer
        time.sleep(0.05)
    raise AssertionError(f"not within {timeout_s} s: {what}")


class Server:
    """A running user server."""

    def __init__(
        self,
        home: Path,
        scratch: Path,
        environ: dict[str, str],
        enter: Callable[[], None] | None = None,
        program: tuple[str, ...] = ("bin/hub-server",),
    ):
        self.home, self.scratch = home, scratch
        self.kernels: list[Kernel] = []
        self.log = scratch.parent / f"server-{uuid.uuid4().hex[:6]}.log"
        runtime = scratch / "runtime"
        for left in runtime.glob("jpserver-*.json"):
            left.unlink()
        inherited = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8"}
        self.environ = {
            **inherited,
            "HOME": str(home),
            "ARCHIVE_HUB_SCRATCH": str(scratch),
            "ARCHIVE_HUB_TICK_S": "0.5",
            **environ,
        }
        self.started_s = time.monotonic()
        options = ["--ip=127.0.0.1", "--port=0", "--no-browser", "--allow-root"]
        options.append(f"--IdentityProvider.token={TOKEN}")
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [BASE / program[0], *program[1:], *options],
                env=self.environ,
                cwd=home,
                stdout=log,
                stderr=subprocess.STDOUT,
                preexec_fn=enter,
            )
        found = until(lambda: self._address(runtime), "the server's address", 60)
        self.url = found["url"].rstrip("/")
        headers = {"Authorization": f"token {TOKEN}"}
        self.http = httpx.Client(base_url=self.url, headers=headers, timeout=60)
        until(self._answers, "an answer of the server", 60)
        self.ready_s = time.monotonic() - self.started_s

    def _address(self, runtime: Path) -> Any:
        if self.process.poll() is not None:
            raise AssertionError(f"the server ended: {self.log.read_text()[-3000:]}")
        for file in runtime.glob(f"jpserver-{self.process.pid}.json"):
            with suppress(ValueError):
                return json.loads(file.read_text())
        return None

    def _answers(self) -> bool:
        with suppress(httpx.TransportError):
            return self.http.get("/api/status").is_success
        return False

    def notices(self) -> dict[str, dict[str, Any]]:
        """Return the notices, by id."""
        answer = self.http.get("/hub-server/notices").raise_for_status()
        return {notice["id"]: notice for notice in answer.json()}

    def last_activity_s(self) -> float:
        """Return when the server thinks something happened last, as a culler asks."""
        answer = self.http.get("/api/status?no_track_activity=1").raise_for_status()
        return datetime.fromisoformat(answer.json()["last_activity"]).timestamp()

    def idle_s(self) -> float:
        """Return for how long the server thinks nothing happened."""
        return time.time() - self.last_activity_s()

    def kernel(self, name: str = "python3") -> "Kernel":
        """Start a kernel."""
        answer = self.http.post("/api/kernels", json={"name": name}).raise_for_status()
        self.kernels.append(Kernel(self, answer.json()["id"]))
        return self.kernels[-1]

    def stop(self) -> None:
        """End the server and its kernels."""
        for kernel in self.kernels:
            kernel.socket.close()
        self.http.close()
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Kernel:
    """A kernel and the websocket that a browser would hold."""

    def __init__(self, server: Server, kernel_id: str):
        self.server, self.id = server, kernel_id
        url = server.url.replace("http", "ws", 1)
        self.socket: WebSocket = create_connection(
            f"{url}/api/kernels/{kernel_id}/channels",
            header={"Authorization": server.http.headers["Authorization"]},
            timeout=60,
        )

    def send(self, code: str) -> str:
        """Ask for `code` to be run; return the request's id."""
        request = uuid.uuid4().hex
        header = {
            "msg_id": request,
            "msg_type": "execute_request",
            "username": "",
            "session": uuid.uuid4().hex,
            "version": "5.3",
            "date": "",
        }
        content = {"code": code, "silent": False, "store_history": True}
        message = {
            "header": header,
            "parent_header": {},
            "metadata": {},
            "content": {**content, "user_expressions": {}, "allow_stdin": False},
            "channel": "shell",
            "buffers": [],
        }
        self.socket.send(json.dumps(message))
        return request

    def run(self, code: str) -> str:
        """Run `code` to its end; return what it printed, errors included."""
        request = self.send(code)
        printed, idle, reply = [], False, False
        while not (idle and reply):
            message = json.loads(self.socket.recv())
            if message.get("parent_header", {}).get("msg_id") != request:
                continue
            content = message["content"]
            if message["msg_type"] == "stream":
                printed.append(content["text"])
            elif message["msg_type"] == "error":
                printed.append(f"{content['ename']}: {content['evalue']}")
            idle |= content.get("execution_state") == "idle"
            reply |= message["msg_type"] == "execute_reply"
        return "".join(printed)


@pytest.fixture(scope="session")
def base_env() -> Path:
    """Return the user environment; skip where it is not made."""
    if not (BASE / "bin/hub-server").exists():
        pytest.skip(
            f"no user environment with hub_server at {BASE}: `make up` makes it"
        )
    return BASE


def starter(folder: Path) -> Iterator[Callable[..., Server]]:
    servers: list[Server] = []

    def start(
        home: Path | None = None,
        enter: Callable[[], None] | None = None,
        program: tuple[str, ...] = ("bin/hub-server",),
        **environ: str,
    ) -> Server:
        home = home or folder / "home"
        home.mkdir(exist_ok=True)
        servers.append(Server(home, folder / "scratch", environ, enter, program))
        return servers[-1]

    yield start
    for server in servers:
        server.stop()


@pytest.fixture(scope="session")
def start_in() -> Callable[[Path], Iterator[Server]]:
    """Return what runs one server in a folder, as a generator."""

    def one(folder: Path) -> Iterator[Server]:
        for start in starter(folder):
            yield start()

    return one


@pytest.fixture
def start_server(base_env: Path, tmp_path: Path) -> Iterator[Callable[..., Server]]:
    """Return a function that starts a server; all are stopped at the end."""
    yield from starter(tmp_path)


@pytest.fixture(scope="session")
def server(
    base_env: Path,
    tmp_path_factory: pytest.TempPathFactory,
    start_in: Callable[[Path], Iterator[Server]],
) -> Iterator[Server]:
    """Return a server with nothing set, for all tests that leave it so."""
    yield from start_in(tmp_path_factory.mktemp("shared"))


@pytest.fixture(scope="session")
def told_server(
    base_env: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """Return a server of which everything is set that a hub sets."""
    folder = tmp_path_factory.mktemp("told")
    tutorials, cache = folder / "tutorials", folder / "scratch" / "cache"
    for place in (tutorials, cache):
        place.mkdir(parents=True)
    (tutorials / "01 find.ipynb").write_text("one")
    (cache / "old").write_bytes(bytes(500_000))
    os.utime(cache / "old", (1, 1))
    for start in starter(folder):
        yield start(
            ARCHIVE_HUB_TUTORIALS=str(tutorials),
            ARCHIVE_HUB_CACHE_CAP_BYTES="100000",
            ARCHIVE_HUB_MAX_AGE_H="0.1",
            ARCHIVE_HUB_CULL_AFTER_MIN="60",
            ARCHIVE_HUB_BUSY_CAP_H="0.002",
            ARCHIVE_HUB_PROFILE="Tiny",
            ARCHIVE_HUB_NEXT_PROFILE="Base",
            MEM_LIMIT=str(800 * 2**20),
        )


@pytest.fixture
def wait_until() -> Callable[..., Any]:
    """Return the function that polls with a deadline."""
    return until
