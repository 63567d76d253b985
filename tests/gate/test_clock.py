"""A clock that is set back stops nothing that the hub does regularly."""

from __future__ import annotations

import asyncio
import time
from types import SimpleNamespace

import pytest
from tornado.ioloop import IOLoop, PeriodicCallback
from traitlets.config import Config

from hub_config.configure import configure
from hub_config.steady import plan_by_steady_clock
from tests.faults.stock import stock

from .conftest import opened

BACK_S = 7200
# The parts are looked at every 15 s.
TOLD_S = 30


@pytest.fixture
def hub_set_back(tmp_path, moved_clock):
    """Run a hub, then set its clock back under it."""
    moved_by = tmp_path / "moved-by"
    where = {"LD_PRELOAD": str(moved_clock), "CLOCK_MOVED_BY": str(moved_by)}
    with opened(tmp_path, **where) as gate:
        assert parts(gate)["archive-first"]["ok"]
        moved_by.write_text(str(-BACK_S))
        yield gate


def parts(gate):
    return gate.client.get(f"{gate.url}/hub/health/parts").json()


def test_an_archive_that_goes_away_is_still_told(hub_set_back, wait_until):
    def told(ok):
        return lambda: parts(hub_set_back)["archive-first"]["ok"] == ok

    with hub_set_back.first.refusing():
        wait_until("the archive to be ill", told(ok=False), TOLD_S)
    wait_until("the archive to be well", told(ok=True), TOLD_S)
    assert "Traceback" not in hub_set_back.log()


@pytest.mark.parametrize(
    "plan",
    [
        plan_by_steady_clock,
        stock(lambda: None, "Tornado waits as long as the clock was set back"),
    ],
)
async def test_what_is_regular_goes_on(monkeypatch, plan):
    plan()
    moved = SimpleNamespace(by_s=0)
    wall = SimpleNamespace(time=lambda: time.time() + moved.by_s)
    monkeypatch.setattr("tornado.ioloop.time", wall)
    looks = []
    timer = PeriodicCallback(lambda: looks.append(time.monotonic()), 20)
    timer.start()
    try:
        await reach(looks, 2)
        moved.by_s = -BACK_S
        await reach(looks, len(looks) + 3)
    finally:
        timer.stop()


async def reach(looks, count):
    deadline = time.monotonic() + 2
    while len(looks) < count:
        assert time.monotonic() < deadline, f"{len(looks)} looks, wanted {count}"
        await asyncio.sleep(0.01)


async def test_the_hubs_configuration_sees_to_it():
    configure(Config())
    running = asyncio.get_running_loop()
    assert IOLoop.current().time() == pytest.approx(running.time(), abs=5)


def test_without_a_loop_nothing_is_planned():
    plan_by_steady_clock()
