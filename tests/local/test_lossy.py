"""What a command writes may be lost; the command goes on."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest

from hub_config.local import environments
from hub_config.local.lossy import LOSSY
from hub_config.local.process import LEASH, Identity

LINES = 200
# As the proxy's logger does: a line now and then, not all at once.
TALK = f"""
let n = 0;
const timer = setInterval(() => {{
  console.log("line " + n); console.error("error " + n);
  if (++n === {LINES}) {{ clearInterval(timer); process.exitCode = 7; }}
}}, 1);
"""


def talk(*before, **to):
    """Let Node write; return its exit status."""
    command = [*before, str(environments.node()), "-e", TALK]
    return subprocess.run(command, timeout=60, check=False, **to).returncode


@pytest.fixture
def full():
    """Give a file on which nothing fits any more."""
    if not os.path.exists("/dev/full"):
        pytest.skip("only Linux has a file that is always full")
    with open("/dev/full", "wb", buffering=0) as file:
        yield file


def test_a_command_goes_on_when_nothing_fits(full):
    assert talk(*LEASH, *LOSSY, stdout=full, stderr=full) == 7


@pytest.mark.xfail(reason="stock: Node ends at the first line", strict=True)
def test_stock_node_goes_on_when_nothing_fits(full):
    assert talk(stdout=full, stderr=full) == 7


def test_all_lines_arrive_where_there_is_room(tmp_path):
    log = tmp_path / "log"
    with log.open("wb") as out:
        assert talk(*LOSSY, stdout=out, stderr=out) == 7
    wanted = [f"{word} {n}" for n in range(LINES) for word in ("line", "error")]
    deadline = time.monotonic() + 30
    while log.read_text().splitlines() != wanted and time.monotonic() < deadline:
        time.sleep(0.05)
    assert log.read_text().splitlines() == wanted


def test_it_keeps_its_number_and_leaves_nothing_behind():
    code = "import os; print(os.getpid(), flush=True); input()"
    with subprocess.Popen(
        [*LOSSY, sys.executable, "-c", code],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
    ) as command:
        assert command.stdout is not None
        assert int(command.stdout.readline()) == command.pid
        assert Identity.of(command.pid).alive()
        command.kill()
        # The pipe ends when nobody holds it: the process beside it is gone, too.
        assert command.stdout.read() == b""
        command.wait(10)
