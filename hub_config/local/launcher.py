"""Start the hub on one machine, wait, stop it; nothing is ever left running.

The launcher holds the state folder and its children: JupyterHub, which starts its proxy
and services, and beside it the stand-ins and Dask Gateway.  Every process asks the
kernel to be ended with its parent, so that even ``kill -9`` of the launcher leaves no
orphan; of Dask clusters the launcher is the parent, not the gateway.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType

import httpx

from ..certificates import trusted
from ..failure import Failure
from ..settings import Hub
from . import environments, gateway_commands, orphans
from .process import LEASH
from .sample_archive import make_samples, place_samples, samples_folder
from .samples.shelf import Shelf
from .standins import services
from .state import Run, State

HERE = Path(__file__).parent
HEALTHY_WITHIN_S = 120
STOP_WITHIN_S = 15
# Between two starts of what ends at once, again and again.
PAUSE_S = 5


class HubFailed(Failure, RuntimeError):
    """The hub did not come up, or ended by itself."""


class Launcher:
    """One hub on one state folder.

    Parameters
    ----------
    state : State
        Held by the caller.
    run : Run
        Where it listens.
    """

    config_file = HERE / "jupyterhub_config.py"

    def __init__(self, state: State, run: Run) -> None:
        self.state = state
        self.run = run
        self.hub: subprocess.Popen[bytes] | None = None
        self.beside: list[subprocess.Popen[bytes]] = []
        self.begun_s: list[float] = []
        self.stopping = False

    def start(self) -> None:
        """Start JupyterHub and wait until it answers.

        Raises
        ------
        HubFailed
            It ended, or did not answer in time; the end of its log is in the message.
        """
        # Before any child: in the background of a script SIGINT is ignored, and every
        # descendant would inherit that.
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._asked_to_stop)
        log = self.state.path / "logs" / "hub.log"
        if log.exists():
            log.replace(log.with_suffix(".previous.log"))
        log.touch()
        hub = [*LEASH, sys.executable, "-m", "jupyterhub", "--config"]
        self.hub = self._child([*hub, str(self.config_file)])
        self.beside = [self._child(command) for command in self._beside()]
        self.begun_s = [time.monotonic() for _ in self.beside]
        self._wait_until_healthy(log)

    def _child(self, command: list[str]) -> subprocess.Popen[bytes]:
        with (self.state.path / "logs" / "hub.log").open("ab") as out:
            return subprocess.Popen(
                command,
                cwd=self.state.path,
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def _beside(self) -> list[list[str]]:
        return [*services.commands(self.run), *gateway_commands.commands(self.run)]

    def _start_again(self) -> None:
        """Start those that ended: without them nobody can log in, read or compute."""
        now_s = time.monotonic()
        for place, child in enumerate(self.beside):
            if child.poll() is not None and now_s > self.begun_s[place] + PAUSE_S:
                self.beside[place] = self._child(self._beside()[place])
                self.begun_s[place] = now_s

    def wait(self) -> None:
        """Wait until somebody stops the hub, then stop it.

        Raises
        ------
        HubFailed
            It ended by itself.
        """
        assert self.hub is not None
        try:
            while self.hub.poll() is None and not self.stopping:
                self._start_again()
                orphans.bury({child.pid for child in [self.hub, *self.beside]})
                self._nap()
        finally:
            ended = self.hub.poll()
            self.stop()
        if ended is not None and not self.stopping:
            log = self.state.path / "logs" / "hub.log"
            raise HubFailed(f"hub: ended with status {ended}; see {log}")

    def stop(self) -> None:
        """Stop the hub and all it started."""
        children = [*([self.hub] if self.hub else []), *self.beside]
        for child in children:
            child.terminate()
        for child in children:
            try:
                child.wait(STOP_WITHIN_S)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()

    def _asked_to_stop(self, number: int, frame: FrameType | None) -> None:
        self.stopping = True

    def _nap(self) -> None:
        """Wait for a signal or a little; a signal ends it early."""
        assert self.hub is not None
        try:
            self.hub.wait(0.2)
        except subprocess.TimeoutExpired:
            return

    def _environment(self) -> dict[str, str]:
        secrets = self.state.secrets()
        path = [str(Path(sys.executable).parent), os.environ.get("PATH", "")]
        inner = {
            "ARCHIVE_HUB_STATE": str(self.state.path),
            "JUPYTERHUB_CRYPT_KEY": secrets["crypt_key"],
            "DASK_GATEWAY_PROXY_TOKEN": secrets["gateway_proxy_token"],
            "PATH": os.pathsep.join(path),
        }
        if not self.run.github:
            inner["ARCHIVE_TOKEN_DANDI"] = secrets["archive_token"]
        return os.environ | inner

    def _wait_until_healthy(self, log: Path) -> None:
        assert self.hub is not None
        deadline = time.monotonic() + HEALTHY_WITHIN_S
        while not self.stopping and not healthy(self.run):
            if self.hub.poll() is not None:
                raise HubFailed(f"hub: did not start: {_last_error(log)}; see {log}")
            if time.monotonic() > deadline:
                self.stop()
                raise HubFailed(
                    f"hub: no answer after {HEALTHY_WITHIN_S} s: {_last_error(log)}; "
                    f"see {log}"
                )
            self._nap()


def healthy(run: Run) -> bool:
    """Tell whether the hub answers through its proxy."""
    try:
        answer = httpx.get(f"{run.url}/hub/health", timeout=2, verify=trusted())
    except httpx.HTTPError:
        return False
    return answer.status_code == httpx.codes.OK


def up(
    state: State,
    port: int,
    latency_ms: float,
    github: bool,
    ready: Callable[[Run], None],
) -> None:
    """Run the hub until it is stopped.

    Parameters
    ----------
    state : State
        Made, not held.
    port : int
        Where people find it.
    latency_ms : float
        What the S3 stand-in adds to each request, in milliseconds.
    github : bool
        Use the real GitHub and the real archive.
    ready : callable
        Called once the hub answers.
    """
    with state.held():
        run = state.begin(port, latency_ms, github)
        launcher = Launcher(state, run)
        orphans.adopt()
        try:
            launcher.start()
            if not launcher.stopping:
                ready(run)
            launcher.wait()
        finally:
            orphans.end()


def down(state: State) -> bool:
    """Stop the hub that runs on `state`; return whether one did.

    Raises
    ------
    HubFailed
        It does not end.
    """
    run = state.run()
    if run is None:
        return False
    run.launcher.send(signal.SIGTERM)
    deadline = time.monotonic() + STOP_WITHIN_S + 5
    while run.launcher.alive():
        if time.monotonic() > deadline:
            raise HubFailed(
                f"hub: process {run.launcher.pid} does not end; "
                f"end it with `kill -9 {run.launcher.pid}`: nothing is left running"
            )
        time.sleep(0.05)
    return True


def prepare(say: Callable[[str], None]) -> None:
    """Make what a hub needs and nobody has changed since: the environments."""
    environments.make_proxy(say)
    environments.make_base(say)


def make_sample_archive(say: Callable[[str], None]) -> Path:
    """Make the sample archive that all states share, unless it is there already."""
    made = samples_folder(environments.ENVIRONMENTS)
    if not Shelf(made).is_complete:
        say("Making the sample archive: half a minute")
        make_samples(made, environments.user_python())
    return made


def bring_samples(state: State, say: Callable[[str], None]) -> None:
    """Place the sample archive in `state`."""
    place_samples(make_sample_archive(say), state.path / "archive")


def require_real_credentials(hub: Hub) -> None:
    """Refuse to start with the real GitHub before all secrets are there.

    Raises
    ------
    HubFailed
        Names what is missing and where it comes from.
    """
    needed = ["GITHUB_CLIENT_ID", "GITHUB_CLIENT_SECRET"]
    needed += [archive.token_env for archive in hub.archives.values()]
    missing = [name for name in needed if not os.environ.get(name)]
    if missing:
        raise HubFailed(
            f"--github: {', '.join(missing)} not set; make an OAuth application on "
            "GitHub (callback http://127.0.0.1:8000/hub/oauth_callback), take a token "
            "of the archive from an approved account, and export them"
        )


def _last_error(log: Path) -> str:
    """Return the line of the log that most likely says why."""
    lines = [line for line in log.read_text(errors="replace").splitlines() if line]
    telling = [line for line in lines if line.startswith(("[C", "[E"))]
    telling = telling or [line for line in lines if "Error" in line]
    return (telling or lines or ["it wrote nothing"])[-1].strip()
