"""A process is its number and its birth; a child dies with its parent."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import psutil
import pytest

from hub_config.local.process import LEASH, Identity

SLEEP = [sys.executable, "-c", "import time; time.sleep(60)"]


@pytest.fixture
def sleeper():
    process = subprocess.Popen(SLEEP)
    yield process
    process.kill()
    process.wait()


def test_a_reused_number_is_another_process(sleeper):
    me = Identity.of(sleeper.pid)
    assert me is not None
    assert me.alive()
    before = Identity(sleeper.pid, me.created_s - 100)
    assert not before.alive()
    assert not before.send(signal.SIGKILL)
    assert sleeper.poll() is None


def test_a_dead_process_and_a_zombie_are_not_alive(sleeper):
    me = Identity.of(sleeper.pid)
    assert me is not None
    sleeper.kill()
    deadline = time.monotonic() + 5
    while me.alive() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not me.alive()
    sleeper.wait()
    assert Identity.of(2**22 + 1) is None


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux tells")
def test_a_leashed_child_dies_with_its_killed_parent():
    code = f"import subprocess; p = subprocess.Popen({[*LEASH, *SLEEP]!r}); "
    code += "print(p.pid, flush=True); p.wait()"
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    assert parent.stdout is not None
    child = psutil.Process(int(parent.stdout.readline()))
    deadline = time.monotonic() + 10
    while "leash" in " ".join(child.cmdline()) and time.monotonic() < deadline:
        time.sleep(0.01)
    while "time.sleep" not in " ".join(child.cmdline()[:3]):
        assert time.monotonic() < deadline, child.cmdline()
        time.sleep(0.01)
    os.kill(parent.pid, signal.SIGKILL)
    parent.wait()
    parent.stdout.close()
    gone, _ = psutil.wait_procs([child], timeout=5)
    assert gone == [child]
