"""Memory is told of before it runs out, and named as the cause afterwards."""

import logging
import os
import signal

import pytest
from hub_server.memory import MemoryWatch, used_bytes
from hub_server.notices import Board

from hub_config.local import limits

LIMIT = 800 * 2**20
GROW = "import os\nblock = bytearray(os.urandom(1)) * (500 * 2**20)\nprint(os.getpid())"


def test_use_near_the_limit_is_told_with_the_next_profile(told_server, wait_until):
    server = told_server
    kernel = server.kernel()
    assert "memory" not in server.notices()
    kernel.run(GROW + "\nmore = bytearray(b'x') * (110 * 2**20)")
    wait_until(lambda: "memory" in server.notices(), "the notice")
    assert "of 800 MiB" in server.notices()["memory"]["text"]
    assert "next larger profile is Base" in server.notices()["memory"]["text"]
    kernel.run("del block, more")
    wait_until(lambda: "memory" not in server.notices(), "the notice to go")


def test_a_kernel_killed_near_the_limit_is_explained(start_server, wait_until):
    names = {"ARCHIVE_HUB_PROFILE": "Tiny", "ARCHIVE_HUB_NEXT_PROFILE": "Base"}
    server = start_server(MEM_LIMIT=str(int(LIMIT * 0.8)), **names)
    kernel = server.kernel()
    pid = int(kernel.run(GROW))
    wait_until(lambda: "memory" in server.notices(), "the server to see the use")
    os.kill(pid, signal.SIGKILL)  # what the system does when memory is out
    wait_until(lambda: "killed" in server.notices(), "the explanation")
    text = server.notices()["killed"]["text"]
    assert "because memory ran out" in text
    assert "Tiny has 640 MiB" in text
    assert "next larger profile is Base" in text


def test_a_kernel_killed_with_memory_to_spare_is_not_blamed_on_it(
    start_server, wait_until
):
    server = start_server(MEM_LIMIT=str(64 * 2**30))
    kernel = server.kernel()
    os.kill(int(kernel.run("import os; print(os.getpid())")), signal.SIGKILL)
    wait_until(lambda: "restarting kernel" in server.log.read_text(), "a new kernel")
    assert "killed" not in server.notices()


class NoKernels:
    """A kernel manager that has none."""

    def list_kernel_ids(self):
        return []


@pytest.mark.parametrize(
    ("share", "levels"), [(0.6, []), (0.86, ["warning"]), (0.98, ["error"])]
)
async def test_the_nearer_to_the_limit_the_louder(share, levels):
    board = Board(logging.getLogger("memory"))
    MemoryWatch(NoKernels(), board, int(used_bytes(os.getpid()) / share)).tick()
    assert [notice["level"] for notice in await board.all()] == levels


@pytest.fixture
def limited():
    """Return a function that puts a process tree under a limit of the kernel's."""
    limiter, name = limits.detect(), f"archive-hub-test-{os.getpid()}"
    if not limiter.kind.startswith("cgroup"):
        pytest.skip(f"limits by {limiter.kind}: the kernel ends nobody for memory")
    yield lambda size_bytes: limiter.prepare(name, size_bytes, 2)
    limiter.kill(name)


def test_a_kernel_that_the_system_ends_for_memory_is_explained(
    start_server, wait_until, limited
):
    limit = 640 * 2**20
    names = {"ARCHIVE_HUB_PROFILE": "Tiny", "ARCHIVE_HUB_NEXT_PROFILE": "Base"}
    server = start_server(enter=limited(limit), MEM_LIMIT=str(limit), **names)
    kernel = server.kernel()
    first = kernel.run("import os; print(os.getpid())")
    # At once, so that no look at the memory comes between: the count tells it.
    kernel.send("block = bytearray(os.urandom(1)) * (2 * 2**30)")
    wait_until(lambda: "killed" in server.notices(), "the explanation", 60)
    text = server.notices()["killed"]["text"]
    assert "because memory ran out" in text
    assert "Tiny has 640 MiB" in text
    assert "next larger profile is Base" in text
    assert server.process.poll() is None, "the server itself goes on"
    wait_until(lambda: "restarting kernel" in server.log.read_text(), "a new kernel")
    assert server.kernel().run("import os; print(os.getpid())") != first
