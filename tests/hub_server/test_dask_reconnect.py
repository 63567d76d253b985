"""A Dask client that is cut off from its scheduler and comes back to its results."""

import asyncio
import re
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.faults.relay import Relay

PRELOAD = ("--preload", "hub_server.dask_scheduler")
# Longer than a client takes to come back on a busy machine.
SHORT_GRACE = "from hub_server import dask_scheduler\ndask_scheduler.GRACE_S = 8.0\n"
CONNECT = """
import time
from distributed import Client
direct = Client({direct!r}, set_as_default=False)
client = Client("tcp://127.0.0.1:{port}")
def tasks():
    return direct.run_on_scheduler(lambda dask_scheduler: len(dask_scheduler.tasks))
def clients():
    return direct.run_on_scheduler(lambda dask_scheduler: len(dask_scheduler.clients))
done = client.submit(sum, [40, 2])
failed = client.submit(lambda: 1 / 0, retries=0)
print(done.result(timeout=30), type(failed.exception(timeout=30)).__name__)
"""
AWAY = "while client.status == 'running': time.sleep(0.05)"
BACK = """
ends_s = time.monotonic() + 30
while client.status != 'running' and time.monotonic() < ends_s: time.sleep(0.05)
"""
UNTIL_THREE = """
ends_s = time.monotonic() + 30
while tasks() < 3 and time.monotonic() < ends_s: time.sleep(0.05)
print(tasks())
"""
NONE_LEFT = """
ends_s = time.monotonic() + 30
while (tasks(), clients()) != {expected} and time.monotonic() < ends_s: time.sleep(0.1)
print(tasks(), clients())
"""


@contextmanager
def dask(base: Path, folder: Path, *options: str) -> Iterator[str]:
    """Run a scheduler and a worker; give the scheduler's address."""
    python = [str(base / "bin/python"), "-m", "dask"]
    here = ["--host", "127.0.0.1", "--no-dashboard"]
    with (folder / "scheduler.log").open("w+") as log:
        line = [*python, "scheduler", "--port", "0", *here, *options]
        scheduler = subprocess.Popen(line, stdout=log, stderr=log, cwd=folder)
        processes = [scheduler]
        try:
            found, ends_s = None, time.monotonic() + 60
            while not found and scheduler.poll() is None and time.monotonic() < ends_s:
                time.sleep(0.05)
                text = Path(log.name).read_text()
                found = re.search(r"Scheduler at: +(tcp://\S+)", text)
            assert found, Path(log.name).read_text()
            line = [*python, "worker", *here, "--nthreads", "2", found[1]]
            processes.append(subprocess.Popen(line, stdout=log, stderr=log, cwd=folder))
            yield found[1]
        finally:
            for process in reversed(processes):
                process.terminate()
                process.wait(20)


class Session:
    """A kernel with a client behind a relay."""

    def __init__(self, kernel, relay):
        self.kernel, self.relay = kernel, relay

    async def run(self, code):
        return (await asyncio.to_thread(self.kernel.run, code)).strip()

    async def cut_off(self):
        await self.relay.refuse()
        assert await self.run(AWAY) == ""

    async def let_back(self):
        await self.relay.open()
        assert await self.run(BACK) == ""


@pytest.fixture
def options():
    return PRELOAD


@pytest.fixture
async def session(base_env, server, tmp_path, options) -> AsyncIterator[Session]:
    relay, kernel = Relay(), server.kernel()
    with dask(base_env, tmp_path, *options) as address:
        await relay.start(int(address.rsplit(":", 1)[1]))
        made = Session(kernel, relay)
        text = await made.run(CONNECT.format(direct=address, port=relay.port))
        assert text == "42 ZeroDivisionError"
        yield made
        await made.run("client.close(); direct.close()")
        await relay.close()


async def test_a_client_that_comes_back_has_its_results(session):
    await session.run("slow = client.submit(lambda: time.sleep(3) or 'slept')")
    # What has not arrived when the connection is cut is lost.
    assert await session.run(UNTIL_THREE) == "3"
    for _ in range(2):
        await session.cut_off()
        await session.let_back()
        assert await session.run("print(done.result(timeout=10))") == "42"
        kind = await session.run("print(type(failed.exception(timeout=10)).__name__)")
        assert kind == "ZeroDivisionError"
    assert await session.run("print(slow.result(timeout=20))") == "slept"


@pytest.mark.parametrize("options", [()], ids=["stock"])
async def test_what_the_scheduler_forgot_is_given_up_as_ever(session):
    await session.cut_off()
    await session.let_back()
    text = await session.run("print(done.result(timeout=10))")
    assert text.startswith("FutureCancelledError")
    assert "no longer has this result" in text
    assert await session.run("print(client.submit(sum, [1, 1]).result())") == "2"


async def test_a_client_that_closes_leaves_nothing(session):
    await session.run("client.close()")
    assert await session.run("print(tasks())") == "0"


class TestWithAShortGrace:
    @pytest.fixture
    def options(self, tmp_path):
        preload = tmp_path / "short.py"
        preload.write_text(SHORT_GRACE)
        return ("--preload", str(preload), *PRELOAD)

    async def test_who_stays_away_leaves_nothing(self, session):
        before = await session.run("print(clients())")
        await session.cut_off()
        # The client itself is gone too.
        left = int(before) - 1
        code = NONE_LEFT.format(expected=(0, left))
        assert await session.run(code) == f"0 {left}"

    async def test_who_is_back_keeps_all_after_the_grace(self, session):
        before = await session.run("print(tasks(), clients())")
        await session.cut_off()
        await session.let_back()
        expected = tuple(int(number) for number in before.split())
        assert await session.run(NONE_LEFT.format(expected=expected)) == before
        assert await session.run("print(done.result(timeout=10))") == "42"

    async def test_what_is_let_go_meanwhile_is_not_kept(self, session):
        before = await session.run("print(clients())")
        await session.cut_off()
        await session.run("del done; late = client.submit(sum, [40, 3])")
        await session.let_back()
        assert await session.run("print(late.result(timeout=20))") == "43"
        await session.run("del late, failed")
        code = NONE_LEFT.format(expected=(0, int(before)))
        assert await session.run(code) == f"0 {before}"
