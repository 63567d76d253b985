"""The launcher keeps one hub on one state, and leaves nothing behind."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import time
from pathlib import Path

import httpx
import psutil
import pytest

from hub_config.local import environments
from hub_config.local.state import State
from hub_config.visit.browser import Visitor

UP = [str(Path(sys.executable).with_name("archive-hub")), "local", "up"]


@pytest.fixture(scope="module")
def hub_of_my_own(tmp_path_factory, root, hub_on):
    """A hub that a test may kill; a new one is started when it is gone."""
    if not os.access(environments.user_python(), os.X_OK):
        pytest.skip("no user environment; `archive-hub local prepare` makes it")
    with hub_on(tmp_path_factory.mktemp("own") / "state", root) as status:
        yield status


def family(pid: int) -> list[psutil.Process]:
    process = psutil.Process(pid)
    return [process, *process.children(recursive=True)]


def a_worker(url: str, pid: int, until) -> None:
    """Make a Dask cluster of one worker, and wait until it runs."""
    with Visitor(url) as ada:
        ada.log_in("ada")
        place = f"/hub/api/users/{ada.name}/tokens"
        made = ada.post(place, json={}, headers={"X-XSRFToken": ada.xsrf})
        ada.headers["Authorization"] = f"jupyterhub {made.json()['token']}"
        clusters = "/services/dask-gateway/api/v1/clusters/"

        def asked(what, words):
            return ada.post(f"{clusters}{what}", json=words)

        until(lambda: asked("", {}).is_success, 60, "the gateway")
        (name,) = ada.get(clusters).json()
        about = f"{clusters}{name}"
        until(lambda: ada.get(about).json()["status"] == "RUNNING", 60, "the scheduler")
        assert asked(f"{name}/scale", {"count": 1}).is_success

    def works(one):
        with contextlib.suppress(psutil.NoSuchProcess):
            return {"dask", "worker"} <= set(one.cmdline()) and one.children()

    until(lambda: any(map(works, family(pid))), 60, "the worker")


def ends(words: list[str], root: Path) -> tuple[int, str]:
    done = subprocess.run(
        words, cwd=root, capture_output=True, text=True, timeout=60, check=False
    )
    return done.returncode, done.stderr.strip()


def test_the_state_is_private_and_says_who_runs(hub_of_my_own):
    path = Path(hub_of_my_own["state"])
    assert stat.S_IMODE(path.stat().st_mode) == 0o700
    for name in ("secrets.json", "run.json"):
        assert stat.S_IMODE((path / name).stat().st_mode) == 0o600
    run = State(path).run()
    assert run is not None
    assert run.launcher.pid == hub_of_my_own["pid"]


def test_a_second_up_on_the_same_state_is_refused(hub_of_my_own, root):
    words = [*UP, "--state", hub_of_my_own["state"], "--port", "0"]
    code, line = ends(words, root)
    assert code == 1
    assert f"a hub already runs on it at {hub_of_my_own['url']}" in line
    assert "Traceback" not in line


def test_nothing_listens_where_other_machines_could_reach_it(hub_of_my_own):
    pids = {process.pid for process in family(hub_of_my_own["pid"])}
    listening = [
        connection.laddr
        for connection in psutil.net_connections("inet")
        if connection.status == psutil.CONN_LISTEN and connection.pid in pids
    ]
    assert len(listening) >= 6
    assert {address.ip for address in listening} == {"127.0.0.1"}


def test_a_taken_port_is_named(tmp_path, root):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        code, line = ends([*UP, "--state", str(tmp_path / "s"), "--port", port], root)
    assert code == 1
    assert line.splitlines()[-1] == (
        f"port {port}: address already in use; choose another with --port N"
    )


def test_a_state_that_cannot_be_made_is_named(tmp_path, root):
    (tmp_path / "file").write_text("not a folder")
    code, line = ends([*UP, "--state", str(tmp_path / "file" / "state")], root)
    assert code == 1
    assert "Not a directory; choose another with --state DIR" in line


def test_damaged_secrets_are_not_replaced(tmp_path, root):
    state = State(tmp_path / "state")
    state.make()
    damaged = state.path / "secrets.json"
    damaged.write_text('{"crypt_key": ')
    code, line = ends([*UP, "--state", str(state.path), "--port", "0"], root)
    assert code == 1
    assert "secrets.json is damaged or missing; restore it" in line
    assert damaged.read_text() == '{"crypt_key": '


def test_a_state_of_an_earlier_version_gets_the_secrets_it_lacks(tmp_path):
    state = State(tmp_path / "state")
    state.make()
    before = state.secrets()
    earlier = {name: before[name] for name in before if name != "gateway_key"}
    (state.path / "secrets.json").write_text(json.dumps(earlier))
    state.make()
    after = state.secrets()
    assert {**after, "gateway_key": ""} == {**before, "gateway_key": ""}
    assert len(after["gateway_key"]) == 64


def test_a_full_disk_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr("hub_config.local.state.MIN_FREE_BYTES", 2**62)
    with pytest.raises(RuntimeError, match=r"MiB free, needs .*; make room or choose"):
        State(tmp_path / "state").make()


def test_reset_deletes_only_a_state_and_not_a_running_one(
    hub_of_my_own, tmp_path, archive_hub
):
    running = archive_hub("local", "reset", "--yes", "--state", hub_of_my_own["state"])
    assert (running.returncode, "a hub runs on it" in running.stderr) == (1, True)
    (tmp_path / "precious").write_text("mine")
    other = archive_hub("local", "reset", "--yes", "--state", str(tmp_path))
    assert (other.returncode, "not a state folder" in other.stderr) == (1, True)
    assert (tmp_path / "precious").read_text() == "mine"


def test_down_without_a_hub_is_no_error(tmp_path, archive_hub):
    done = archive_hub("local", "down", "--state", str(tmp_path))
    assert (done.returncode, "No hub runs" in done.stderr) == (0, True)


def test_status_without_a_hub_says_so_with_exit_1(tmp_path, archive_hub):
    done = archive_hub("local", "status", "--json", "--state", str(tmp_path))
    assert (done.returncode, json.loads(done.stdout)) == (1, {"running": False})


def test_real_github_without_its_secrets_is_refused(tmp_path, root):
    clean = {k: v for k, v in os.environ.items() if not k.startswith("GITHUB_")}
    done = subprocess.run(
        [*UP, "--github", "--state", str(tmp_path / "s")],
        cwd=root,
        env=clean,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert "GITHUB_CLIENT_ID, GITHUB_CLIENT_SECRET, ARCHIVE_TOKEN_DANDI not set" in (
        done.stderr
    )
    assert not (tmp_path / "s").exists()


# Two hubs and a cluster, one after the other, on a busy machine.
@pytest.mark.timeout(600)
@pytest.mark.parametrize("victim", ["launcher", "hub"])
def test_killing_it_hard_leaves_no_process_and_loses_nothing(
    victim, tmp_path, root, hub_on, until
):
    with hub_on(tmp_path / "state", root) as status:
        a_worker(status["url"], status["pid"], until)
        members = family(status["pid"])
        # From now on nobody but the launcher knows of the worker.
        next(one for one in members if "dask_gateway_server" in one.cmdline()).kill()
        hub = next(
            one for one in members if "jupyterhub_config.py" in one.cmdline()[-1]
        )
        secrets = (tmp_path / "state" / "secrets.json").read_text()
        os.kill(status["pid"] if victim == "launcher" else hub.pid, signal.SIGKILL)
        gone, alive = psutil.wait_procs(members, timeout=30)
        assert alive == []
        assert len(gone) >= 11
    code, _ = ends([*UP[:2], "status", "--state", str(tmp_path / "state")], root)
    assert code == 1
    with hub_on(tmp_path / "state", root) as again:
        assert again["healthy"]
        assert (tmp_path / "state" / "secrets.json").read_text() == secrets
        started = time.monotonic()
        ends([*UP[:2], "down", "--state", str(tmp_path / "state")], root)
        launcher = psutil.Process(again["pid"])
        assert launcher.status() == psutil.STATUS_ZOMBIE
        assert launcher.children(recursive=True) == []
        assert time.monotonic() - started < 20


WITHOUT_NETWORK = """
ip link set lo up
"$1" local up --state "$2" --port 0 &
for _ in $(seq 300); do
    "$1" local status --state "$2" --json | grep -q '"healthy": true' && break
    sleep 0.2
done
"$1" local status --state "$2" --json
"$1" local down --state "$2"
wait
"""


def test_it_comes_up_without_a_network(tmp_path, root, running):
    if os.geteuid() or not (shutil.which("unshare") and shutil.which("ip")):
        pytest.skip("a network namespace needs root, unshare and ip")
    words = ["unshare", "--net", "sh", "-c", WITHOUT_NETWORK, "sh", UP[0]]
    done = subprocess.run(
        [*words, str(tmp_path / "state")],
        cwd=root,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert '"healthy": true' in done.stdout, done.stderr[-2000:]
    assert done.stderr.strip().splitlines()[-1] == "Stopped."


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_each_way_to_stop_it_ends_everything(number, tmp_path, root, hub_on, until):
    with hub_on(tmp_path / "state", root) as status:
        if number == signal.SIGTERM:  # with somebody at work
            a_worker(status["url"], status["pid"], until)
            with Visitor(status["url"]) as ada:
                ada.log_in("ada")
                ada.start_server(ada.name, "tiny")
        members = family(status["pid"])
        os.kill(status["pid"], number)
        _, alive = psutil.wait_procs(members, timeout=15)
        assert alive == []
    assert not (tmp_path / "state" / "run.json").exists()


def test_a_stand_in_that_ends_is_started_again(hub_of_my_own, until):
    people = next(
        one
        for one in family(hub_of_my_own["pid"])
        if one.cmdline()[-2:] == ["hub_config.local.standins", "people"]
    )
    people.kill()
    address = f"{hub_of_my_own['archive_api']}/info/"

    def answers():
        with contextlib.suppress(httpx.HTTPError):
            return httpx.get(address).status_code == 200
        return False

    until(answers, 20, "the stand-in to come back")
