"""Limits hold for a whole tree of processes, by whatever means there are."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import psutil
import pytest

from hub_config.local import limits

MIB = 2**20
TAKE = (
    "import sys; held = bytearray(b'x') * (int(sys.argv[1]) * 2**20); print('had it')"
)
BURN = "import time; e = time.monotonic() + 2\nwhile time.monotonic() < e: pass\n"
BURN += "print(time.process_time())"


@pytest.fixture(params=limits.MEANS, ids=lambda means: means.kind)
def limiter(request):
    try:
        return request.param()
    except OSError as reason:
        pytest.skip(f"{request.param.kind}: {reason}")


@pytest.fixture
def name(limiter):
    name = f"archive-hub-test-{os.getpid()}"
    yield name
    limiter.kill(name)


def run(limiter, name, memory, cpu, code, *arguments):
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        preexec_fn=limiter.prepare(name, memory, cpu),
        capture_output=True,
        text=True,
        check=False,
    )


def test_what_fits_is_given(limiter, name):
    done = run(limiter, name, 300 * MIB, 1, TAKE, "50")
    assert done.stdout.strip() == "had it"


def test_more_memory_than_the_limit_is_refused(limiter, name):
    done = run(limiter, name, 200 * MIB, 1, TAKE, "500")
    assert done.stdout == ""
    assert done.returncode == -signal.SIGKILL or "MemoryError" in done.stderr


def test_a_tree_cannot_use_more_cores_than_the_limit(limiter, name):
    if limiter.kind == "rlimit":
        pytest.skip("rlimit: whole cores only")
    enter = limiter.prepare(name, 500 * MIB, 0.25)
    command = [sys.executable, "-c", BURN]
    both = [
        subprocess.Popen(command, preexec_fn=enter, stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    used = sum(float(one.communicate()[0]) for one in both)
    assert used < 1.2, "two processes in two seconds at a quarter of a core"


def test_killing_reaches_a_process_that_left_the_session(limiter, name):
    if limiter.kind == "rlimit":
        pytest.skip("rlimit: no tree to kill")
    code = "import os, time\nif not os.fork():\n os.setsid(); time.sleep(60)\n"
    code += "else:\n time.sleep(60)"
    enter = limiter.prepare(name, 200 * MIB, 1)
    parent = subprocess.Popen([sys.executable, "-c", code], preexec_fn=enter)
    process = psutil.Process(parent.pid)
    deadline = time.monotonic() + 10
    while not process.children() and time.monotonic() < deadline:
        time.sleep(0.02)
    members = [process, *process.children()]
    assert len(members) == 2
    limiter.kill(name)
    parent.wait()
    _, alive = psutil.wait_procs(members, timeout=5)
    assert alive == []


def test_memory_in_use_is_told_where_the_means_can(limiter, name):
    limiter.prepare(name, 200 * MIB, 1)
    assert (limiter.memory(name) is None) == (limiter.kind == "rlimit")


def test_one_means_is_always_found():
    assert limits.detect().kind in {means.kind for means in limits.MEANS}
