"""The culler of a cluster ends no server by a clock that jumped.

The hub's own goes on undisturbed; beside it, in the hub's pod, runs a second one with
the same token and options, whose clock is moved.
"""

from __future__ import annotations

import base64
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.faults.stock import stock

from ..local.conftest import Server
from .kube import execute, pods, wait_for
from .release import NAMESPACE

JUMP_S = 2 * 3600
LIBRARY, MOVED_BY = "/tmp/moved_clock.so", "/tmp/clock-moved-by"
OURS, STOCK = "hub_config.culler 5", "jupyterhub_idle_culler"

PUT = "import base64; open({where!r}, 'wb').write(base64.b64decode({what!r}))"

# It ends by itself: nothing in the pod could end it from outside.
RUN = """
import os, pathlib, signal, sys
for place in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
    words = place.read_text().rstrip("\\0").split("\\0")
    if "hub_config.culler" in words:
        break
else:
    sys.exit("no culler runs in this pod")
given = (place.parent / "environ").read_text().rstrip("\\0").split("\\0")
environment = dict(pair.split("=", 1) for pair in given)
environment |= {{"LD_PRELOAD": {library!r}, "CLOCK_MOVED_BY": {moved_by!r}}}
options = [word for word in words if word.startswith("--") and "cull-every" not in word]
options += ["--cull-every=1", "--IdleCuller.log_level=DEBUG"]
os.dup2(1, 2)
signal.alarm(90)
command = ["python", "-m", *{module!r}.split(), *options]
print(*command, flush=True)
os.execvpe("python", command, environment)
"""


@pytest.fixture(scope="module")
def hub_pod(release: object, moved_clock) -> str:
    """The hub's pod, in which the library lies."""
    [pod] = pods(NAMESPACE, "component=hub")
    name: str = pod["metadata"]["name"]
    library = base64.b64encode(moved_clock.read_bytes()).decode()
    execute(NAMESPACE, name, PUT.format(where=LIBRARY, what=library))
    return name


@pytest.fixture
def culling(hub_pod, tmp_path):
    """Return what runs a culler while a block runs: what it says, and its clock."""

    def move(by_s: int) -> None:
        number = base64.b64encode(str(by_s).encode()).decode()
        execute(NAMESPACE, hub_pod, PUT.format(where=MOVED_BY, what=number))

    @contextmanager
    def run(module: str) -> Iterator[tuple]:
        move(0)
        log = tmp_path / "culler.log"
        code = RUN.format(library=LIBRARY, moved_by=MOVED_BY, module=module)
        words = ["kubectl", "exec", "-n", NAMESPACE, hub_pod, "--", "python", "-c"]
        with log.open("w") as out:
            process = subprocess.Popen([*words, code], stdout=out, stderr=out)
            try:
                yield log.read_text, move
            finally:
                move(0)
                process.terminate()
                process.wait()
                print(log.read_text()[-5000:])

    return run


@pytest.mark.parametrize(
    "module",
    [
        OURS,
        stock(STOCK, "ends everybody's server at the next look"),
    ],
)
def test_a_jump_ahead_ends_no_server(culling, visit, module):
    ada = visit("ada")
    ada.start_server(ada.name, "tiny")
    server = Server(ada, ada.name)
    with culling(module) as (said, move):

        def looks(kind: str) -> int:
            return said().count(kind)

        wait_for(lambda: looks(f"Not culling server {ada.name} "), 60, "a look")
        before = looks("Ending no server")
        move(JUMP_S)
        wait_for(
            lambda: (
                looks("Ending no server") >= before + 3
                or looks(f"Culling server {ada.name} ")
            ),
            60,
            "three looks by a clock that jumped, or the end",
        )
        assert not looks(f"Culling server {ada.name} "), "it was at work"
    assert server.status()
    server.stop()
