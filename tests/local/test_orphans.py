"""What outlives its parent ends with the launcher, and never another process."""

from __future__ import annotations

import subprocess
import sys

import psutil
import pytest

linux = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="only Linux adopts"
)
SLEEP = [sys.executable, "-c", "import time; time.sleep(60)"]
# Starts one that starts a sleeper and is killed, then keeps the sleeper.
KEEPER = f"""
import os, signal, subprocess, sys, time
from hub_config.local import orphans
orphans.adopt()
between = '''
import os, signal
from hub_config.local.orphans import start_apart
# Deaf: whether it wants to or not, it must end.
deaf = lambda: signal.signal(signal.SIGTERM, signal.SIG_IGN)
me = start_apart({SLEEP!r}, %d, deaf)
print(me.pid, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
'''
own = subprocess.Popen([sys.executable, "-c", between % os.getpid()])
assert own.wait() == -signal.SIGKILL
print(flush=True)
"""
STAY = """
own = subprocess.Popen([sys.executable, "-c", "raise SystemExit(3)"])
while True:
    orphans.bury({own.pid})
    if own.poll() is not None:
        assert own.returncode == 3, own.returncode
    time.sleep(0.01)
"""
END = """
orphans.END_WITHIN_S = 0.5
orphans.end()
print("ended", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def keep():
    """Run a keeper whose child was killed; give it and the sleeper it adopted."""
    keepers = []

    def make(then):
        keeper = subprocess.Popen(
            [sys.executable, "-c", KEEPER + then],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        keepers.append(keeper)
        sleeper = psutil.Process(int(keeper.stdout.readline()))
        # Written when the one between is gone.
        assert keeper.stdout.readline() == "\n"
        return keeper, sleeper

    yield make
    for keeper in keepers:
        keeper.kill()
        keeper.communicate()


@linux
def test_it_outlives_its_parent_and_ends_with_a_killed_keeper(keep):
    keeper, sleeper = keep(STAY)
    assert sleeper.ppid() == keeper.pid
    assert sleeper.status() != psutil.STATUS_ZOMBIE
    keeper.kill()
    gone, _ = psutil.wait_procs([sleeper], timeout=10)
    assert gone == [sleeper]


@linux
def test_the_keeper_buries_the_adopted_and_not_its_own(keep, until):
    keeper, sleeper = keep(STAY)
    sleeper.kill()
    until(lambda: not sleeper.is_running(), 10, "the sleeper to be buried")
    until(lambda: not psutil.Process(keeper.pid).children(), 10, "its own to end")
    assert keeper.poll() is None, "its own child's status was taken from it"


@linux
def test_a_stopped_keeper_leaves_nothing(keep):
    keeper, sleeper = keep(END)
    assert keeper.stdout.readline() == "ended\n"
    assert not sleeper.is_running()
    assert psutil.Process(keeper.pid).children() == []


UNKEPT = f"""
import os, time
from hub_config.local.orphans import start_apart
# No `adopt`: another process becomes its parent.
who = start_apart({SLEEP!r}, os.getpid(), lambda: None)
while who.alive():
    time.sleep(0.01)
"""


@linux
def test_what_its_keeper_does_not_adopt_ends():
    subprocess.run([sys.executable, "-c", UNKEPT], timeout=30, check=True)


NOWHERE = """
from hub_config.local.orphans import start_apart
start_apart(["/nowhere/command"], 1, lambda: None)
"""


def test_a_command_that_is_not_there_is_told():
    done = subprocess.run(
        [sys.executable, "-c", NOWHERE],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert "FileNotFoundError: [Errno 2]" in done.stderr
    assert "/nowhere/command" in done.stderr
