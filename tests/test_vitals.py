"""Every part of the hub has a health of its own, which falls and rises by itself."""

import asyncio
import logging
import os
import sqlite3
import subprocess
import time
from contextlib import nullcontext
from email.utils import formatdate
from types import SimpleNamespace

import httpx
import pytest
from aiohttp import web

from hub_config import probes
from hub_config.local.serving import serving
from hub_config.vitals import TIMEOUT_S, Ill, Part, Vitals

LOG = logging.getLogger("test")


class Switch:
    """A part that a test makes ill."""

    def __init__(self):
        self.fails = None
        self.asked = 0
        self.hangs = asyncio.Event()
        self.hangs.set()

    async def probe(self):
        self.asked += 1
        await self.hangs.wait()
        if self.fails:
            raise self.fails


@pytest.fixture
def switch():
    return Switch()


@pytest.fixture
def vitals(switch):
    return Vitals({"part": Part(switch.probe, "It hurts.")}, LOG, timeout_s=0.2)


async def test_a_part_falls_ill_and_is_well_again(vitals, switch):
    await vitals.look()
    well = vitals.signs["part"]
    assert (well.ok, well.says, vitals.troubles()) == (True, "", [])
    switch.fails = Ill("no room")
    await vitals.look()
    ill = vitals.signs["part"]
    assert (ill.ok, ill.says, vitals.troubles()) == (False, "no room", ["It hurts."])
    switch.fails = OSError("secret address")
    await vitals.look()
    worse = vitals.signs["part"]
    assert (worse.says, worse.since) == ("OSError", ill.since)
    switch.fails = None
    await vitals.look()
    assert vitals.signs["part"].ok
    assert not vitals.ill


async def test_a_part_that_hangs_is_ill_and_not_asked_twice(vitals, switch):
    switch.hangs.clear()
    await vitals.look()
    await vitals.look()
    assert vitals.signs["part"].says == "no answer in 0.2 s"
    assert switch.asked == 1
    switch.hangs.set()
    await vitals.look()
    assert vitals.signs["part"].ok


async def test_one_part_that_hangs_does_not_hide_another(vitals, switch):
    switch.hangs.clear()
    other = Switch()
    other.fails = Ill("broken")
    vitals.parts["other"] = Part(other.probe, "It hurts.")
    await vitals.look()
    assert vitals.signs["other"].says == "broken"
    assert vitals.troubles() == ["It hurts."], "the same sentence is told once"
    switch.hangs.set()


async def test_a_database_is_tried_and_a_held_lock_noticed(tmp_path):
    file = tmp_path / "hub.sqlite"
    database = f"sqlite:///{file}"
    with sqlite3.connect(file) as made:
        made.execute("CREATE TABLE spawners (id INTEGER)")
    made.close()
    await probes._database(database)
    holder = sqlite3.connect(file, isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    with pytest.raises(Exception, match="locked"):
        await probes._database(database)
    holder.close()
    await probes._database(database)


async def test_a_database_that_is_not_there_is_ill(tmp_path):
    with pytest.raises(Exception, match="no such table"):
        await probes._database(f"sqlite:///{tmp_path / 'none.sqlite'}")


async def test_a_full_disk_is_noticed_before_nothing_fits(tmp_path):
    if os.geteuid() != 0:
        pytest.skip("a small disk can only be mounted by root")
    size = ["-o", "size=8m"]
    mount = ["mount", "-t", "tmpfs", *size, "none", str(tmp_path)]
    if subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("nothing can be mounted here")
    try:
        await probes._writable(tmp_path)
        (tmp_path / "filler").write_bytes(b"x" * (8 * 2**20 - 200_000))
        with pytest.raises(Ill, match="0 MiB are free of 8 MiB"):
            await probes._writable(tmp_path)
        (tmp_path / "filler").unlink()
        await probes._writable(tmp_path)
    finally:
        subprocess.run(["umount", str(tmp_path)], check=True)


async def test_a_folder_that_is_gone_is_ill(tmp_path):
    with pytest.raises(Ill, match="No such file"):
        await probes._writable(tmp_path / "gone")


@pytest.fixture
async def server():
    """A server that answers with the status that is in its path."""

    async def answer(request):
        return web.Response(status=int(request.match_info["status"]))

    app = web.Application()
    app.router.add_get("/{status}", answer)
    app.router.add_get("/{status}/api/routes", answer)
    async with serving(app, 0) as url:
        yield url


async def test_an_address_is_ill_when_it_fails_or_nobody_listens(server):
    async with httpx.AsyncClient() as client:
        await probes._answers(client, f"{server}/404")
        with pytest.raises(Ill, match="HTTP 502"):
            await probes._answers(client, f"{server}/502")
        with pytest.raises(Ill, match="HTTP 404"):
            await probes._answers(client, f"{server}/404", below=400)
        with pytest.raises(Ill, match="ConnectError"):
            await probes._answers(client, "http://127.0.0.1:1/")


async def test_a_proxy_must_know_the_hubs_token(server):
    async with httpx.AsyncClient() as client:
        await probes._proxy(client, f"{server}/200", "token")
        with pytest.raises(Ill, match="HTTP 403"):
            await probes._proxy(client, f"{server}/403", "token")


async def test_a_list_that_fails_makes_kubernetes_ill():
    async def ask_api(within_s):
        assert within_s < TIMEOUT_S

    pods = SimpleNamespace(kind="pods", last_error="", ask_api=ask_api)
    await probes._kubernetes({"pods": pods})
    pods.last_error = "ClientConnectorError: 10.1.2.3 refuses"
    with pytest.raises(Ill, match=r"the list of pods fails: ClientConnectorError$"):
        await probes._kubernetes({"pods": pods})


async def test_an_api_that_hangs_makes_kubernetes_ill():
    async def ask_api(_):
        raise TimeoutError("10.1.2.3 is silent")

    pods = SimpleNamespace(kind="pods", last_error="", ask_api=ask_api)
    with pytest.raises(Ill, match=r"the API does not answer: TimeoutError$"):
        await probes._kubernetes({"pods": pods})


@pytest.mark.parametrize(
    ("ahead_s", "says"),
    [
        (0, None),
        (30, None),
        (3600, r"^3\d\d\d s ahead of GitHub's$"),
        (-3600, r"^3\d\d\d s behind GitHub's$"),
    ],
)
async def test_a_clock_that_differs_from_githubs_is_ill(ahead_s, says):
    """The other side's clock is moved: what counts is the difference."""
    there_s = time.time() - ahead_s

    async def answer(_):
        return web.Response(headers={"Date": formatdate(there_s, usegmt=True)})

    app = web.Application()
    app.router.add_get("/robots.txt", answer)
    async with serving(app, 0) as url, httpx.AsyncClient() as client:
        ask = probes._once(lambda: probes._got(client, f"{url}/robots.txt"))
        with pytest.raises(Ill, match=says) if says else nullcontext():
            await probes._clock(ask)


async def test_a_clock_that_nobody_can_be_asked_about_is_not_ill():
    async with httpx.AsyncClient() as client:
        await probes._clock(lambda: probes._got(client, "http://127.0.0.1:1/"))
