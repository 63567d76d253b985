"""A gateway that starts again on its database takes up what is alive, and only that."""

from __future__ import annotations

import sqlite3
import stat
import subprocess
import sys
from contextlib import closing

import httpx
import pytest
from dask_gateway_server.backends.db_base import DataManager, JobStatus
from dask_gateway_server.backends.local import LocalClusterConfig
from traitlets.config import Config

from hub_config.local import gateway, gateway_commands
from hub_config.local.process import Identity
from hub_config.local.state import State

SLEEP = [sys.executable, "-c", "import time; time.sleep(120)"]


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A state on which this process plays the launcher."""
    state = State(tmp_path / "state")
    state.make()
    monkeypatch.setenv("ARCHIVE_HUB_STATE", str(state.path))
    with state.held():
        state.begin(0)
        yield state


@pytest.fixture
def sleeper():
    """Make processes that stand for schedulers, or for somebody else's."""
    made = []

    def make():
        made.append(subprocess.Popen(SLEEP))
        return made[-1]

    yield make
    for one in made:
        one.kill()
        one.wait()


@pytest.fixture
def start(place):
    """Start the gateway as the launcher does."""
    command, _ = gateway_commands.commands(place.run())
    started = []

    def now():
        started.append(subprocess.Popen(command))
        return started[-1]

    yield now
    for one in started:
        one.kill()
        one.wait()


def database():
    """Open the gateway's database with the key that the gateway has; needs a loop."""
    c = Config()
    gateway.configure(c)
    ours = c.LocalBackend
    return DataManager(url=ours.db_url, encrypt_keys=ours.db_encrypt_keys)


def remembered(db, place, process, created_s):
    """Write down a running cluster and its worker, as a gateway before did."""
    cluster = db.create_cluster("gh-1001", {}, LocalClusterConfig().to_dict())
    workdir = place.path / "dask" / cluster.name
    workdir.mkdir()
    pid = {"pid": process.pid, "created_s": created_s}
    state = {"workdir": str(workdir), "pid": pid}
    address = "tls://127.0.0.1:9"
    running = {"status": JobStatus.RUNNING, "state": state}
    db.update_cluster(cluster, scheduler_address=address, count=1, **running)
    db.update_worker(db.create_worker(cluster), **(running | {"state": {"pid": pid}}))
    return cluster.name


def answers(place):
    try:
        address = f"{place.run().inner('gateway_api')}/api/health"
        return httpx.get(address).status_code == 200
    except httpx.TransportError:
        return False


def status_of(name, place):
    with closing(sqlite3.connect(place.path / "gateway.sqlite")) as db:
        rows = db.execute("select status from clusters where name = ?", [name])
        return JobStatus(rows.fetchone()[0])


async def test_of_an_earlier_boot_it_fails_clusters_and_ends_no_stranger(
    place, sleeper, start, until
):
    foreign, scheduler = sleeper(), sleeper()
    db = database()
    # The number is in use again, by a process of another time.
    old = remembered(db, place, foreign, Identity.of(foreign.pid).created_s - 100)
    here = remembered(db, place, scheduler, Identity.of(scheduler.pid).created_s)
    db.db.dispose()
    server = start()
    until(lambda: answers(place), 60, "the gateway")
    failed = JobStatus.FAILED
    until(lambda: status_of(old, place) == failed, 30, "the old cluster to be failed")
    assert not (place.path / "dask" / old).exists()
    assert status_of(here, place) == JobStatus.RUNNING
    server.terminate()
    until(lambda: scheduler.poll() is not None, 30, "its own scheduler to be ended")
    server.wait(30)
    assert foreign.poll() is None


async def test_the_database_is_private_and_its_secrets_are_encrypted(place):
    db = database()
    cluster = db.create_cluster("gh-1001", {}, LocalClusterConfig().to_dict())
    db.db.dispose()
    path = place.path / "gateway.sqlite"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    written = path.read_bytes()
    assert cluster.name.encode() in written
    assert cluster.token.encode() not in written
    assert b"PRIVATE KEY" in cluster.tls_key
    assert b"PRIVATE KEY" not in written
    assert database().get_cluster(cluster.name).token == cluster.token
