"""The culler ends no server by a clock that jumped, nor by one that is wrong."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import contextmanager
from types import SimpleNamespace

import pytest
from aiohttp import web

from hub_config.culler import Steady, said_of_clock
from hub_config.local.serving import serving
from tests.faults.stock import stock

IDLE_S, PATIENCE_S = 3600, 5
JUMP_S = 2 * IDLE_S
OURS = ["hub_config.culler", str(PATIENCE_S)]
STOCK = ["jupyterhub_idle_culler"]


@pytest.fixture
def culling(gate, moved_clock, tmp_path):
    """Return what runs a culler while a block runs, with a clock that can be moved."""

    @contextmanager
    def run(module):
        log, moved_by = tmp_path / "culler.log", tmp_path / "moved-by"
        environment = {
            "JUPYTERHUB_API_TOKEN": "hub-api-token",
            "LD_PRELOAD": str(moved_clock),
            "CLOCK_MOVED_BY": str(moved_by),
        }
        command = [sys.executable, "-m", *module, f"--timeout={IDLE_S}"]
        command += [
            "--cull-every=1",
            f"--url={gate.url}/hub/api",
            "--IdleCuller.log_level=DEBUG",
        ]
        with (
            log.open("w") as out,
            subprocess.Popen(
                command, env=os.environ | environment, stdout=out, stderr=out
            ) as process,
        ):
            try:
                yield SimpleNamespace(
                    said=log.read_text,
                    move=lambda by_s: moved_by.write_text(str(by_s)),
                )
            finally:
                process.terminate()
                print(log.read_text()[-5000:])

    return run


@pytest.mark.parametrize(
    "module",
    [
        OURS,
        stock(STOCK, "ends everybody's server at the next look"),
    ],
)
def test_a_jump_ahead_ends_no_server(gate, person, wait_until, culling, module):
    someone = person(f"at-work-{len(module)}")
    gate.first.people(someone)
    name = f"gh-{someone.number}"
    gate.login(someone.login).start_server(name)

    def looks(kind):
        return culler.said().count(kind)

    with culling(module) as culler:
        wait_until("a look", lambda: looks(f"Not culling server {name} "), 60)
        culler.move(JUMP_S)
        wait_until(
            "three looks by a clock that jumped, or the end",
            lambda: (
                (
                    looks("the clock is steady for 0 of")
                    and looks("Ending no server") > 8
                )
                or looks(f"Culling server {name} ")
            ),
            60,
        )
        before = looks(f"Not culling server {name} ")
        culler.move(0)
        wait_until(
            "a look by a clock that is right",
            lambda: (
                looks(f"Not culling server {name} ") > before
                or not gate.users()[name]["server"]
            ),
            60,
        )
        assert gate.users()[name]["server"], "it was at work"


@pytest.mark.parametrize("by_s", [3600, -3600])
def test_a_clock_is_steady_from_the_jump_on_that_it_made(by_s):
    now = SimpleNamespace(wall_s=1e9, steady_s=50.0)
    clock = Steady(lambda: now.wall_s, lambda: now.steady_s)
    for look in range(1, 4):
        now.wall_s, now.steady_s = now.wall_s + 600.5, now.steady_s + 600
        assert clock.for_s() == 600 * look
    now.wall_s, now.steady_s = now.wall_s + 600 + by_s, now.steady_s + 600
    assert clock.for_s() == 0
    now.wall_s, now.steady_s = now.wall_s + 600, now.steady_s + 600
    assert clock.for_s() == 600


@pytest.mark.parametrize(
    ("parts", "says"),
    [
        ({"clock": {"ok": False, "says": "3600 s ahead"}}, "3600 s ahead"),
        ({"clock": {"ok": True, "says": ""}}, ""),
        ({}, ""),
        ("nonsense", ""),
    ],
)
async def test_the_hub_is_asked_whether_its_clock_is_wrong(parts, says):
    async def answer(_):
        return web.json_response(parts, status=503)

    app = web.Application()
    app.router.add_get("/hub/health/parts", answer)
    async with serving(app, 0) as url:
        assert await said_of_clock(f"{url}/hub/api") == says
    assert await said_of_clock("http://127.0.0.1:1/hub/api") == ""
