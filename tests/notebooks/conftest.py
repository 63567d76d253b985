"""Fixtures that execute the notebooks as a person does: whole, in their environment.

archive
    The stand-ins of the archive and of S3 over the sample archive.
execute
    Runs a notebook from top to bottom in the user environment, with the memory of its
    profile and no network but the loopback address; returns the executed copy.
not_run
    The list of notebooks that are not executed here.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import threading
import time
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from aiohttp import web

from hub_config import settings
from hub_config.local import limits
from hub_config.local.environments import BASE, ENVIRONMENTS, user_python
from hub_config.local.machine import Machine, offer
from hub_config.local.sample_archive import make_samples, samples_folder
from hub_config.local.serving import serving
from hub_config.local.standins.catalogue import Archive
from hub_config.local.standins.storage import Storage

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = ROOT / "notebooks"
TIMEOUT_S = 240


@dataclass
class Standins:
    """Where the stand-ins answer, and how slowly."""

    url: str

    @property
    def environment(self) -> dict[str, str]:
        """What makes the clients in a notebook ask them."""
        return {
            "DANDI_INSTANCE": f"{self.url}/services/archive",
            "DANDI_NO_ET": "1",
            "AWS_ENDPOINT_URL": f"{self.url}/services/s3",
        }

    def set_latency(self, latency_ms: float) -> None:
        """Delay each answer of S3."""
        options = f"{self.url}/services/s3/_standin/options"
        httpx.put(options, json={"latency_ms": latency_ms}).raise_for_status()


@dataclass
class Executed:
    """What came of running a notebook."""

    path: Path
    status: int
    log: str
    seconds: float
    peak_bytes: int

    @property
    def text(self) -> str:
        """Everything that its cells printed."""
        cells = json.loads(self.path.read_text())["cells"]
        outputs = [out for cell in cells for out in cell.get("outputs", [])]
        return "".join("".join(out.get("text", [])) for out in outputs)


@contextmanager
def _served(folder: Path) -> Iterator[Standins]:
    archive = Archive(folder, prefix="/services/archive", account_of=lambda _: None)
    inside, app = web.Application(), web.Application()
    archive.add_routes(inside)
    archive.add_discovery(app)
    app.add_subapp("/services/archive", inside)
    Storage(folder / "objects").add_routes(app, "/services/s3")
    loop, started, stop = asyncio.new_event_loop(), threading.Event(), asyncio.Event()
    found: list[str] = []

    async def run() -> None:
        async with serving(app) as url:
            found.append(url)
            started.set()
            await stop.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(run(),))
    thread.start()
    assert started.wait(10), "the stand-ins did not start"
    yield Standins(found[0])
    loop.call_soon_threadsafe(stop.set)
    thread.join(10)
    loop.close()


@pytest.fixture(scope="session")
def archive() -> Iterator[Standins]:
    if not os.access(user_python(), os.X_OK):
        pytest.skip("no user environment; `archive-hub local prepare` makes it")
    folder = samples_folder(ENVIRONMENTS)
    make_samples(folder, user_python())
    with _served(folder) as standins:
        yield standins


def profile_of(notebook: Path) -> str:
    """Return the name of the profile that a notebook asks for."""
    first = "".join(json.loads(notebook.read_text())["cells"][0]["source"])
    found = re.search(r"\*\*Profile\*\* (\w[\w ]*?) ·", first)
    assert found, f"{notebook.name}: names no profile"
    return found[1]


def memory_bytes(name: str) -> int:
    """Return the memory that a profile has on this machine."""
    profiles = settings.load().profiles.values()
    profile = next(one for one in profiles if one.display_name == name)
    return offer(profile, Machine.here()).memory_limit


def _tree_bytes(process: subprocess.Popen[str]) -> int:
    total = 0
    try:
        tree = psutil.Process(process.pid)
        for one in [tree, *tree.children(recursive=True)]:
            used = one.memory_full_info()
            total += getattr(used, "pss", used.uss)
    except psutil.Error:
        pass  # ended while we looked
    return total


@dataclass
class Runner:
    """Runs notebooks, and remembers what each cost."""

    folder: Path
    standins: Standins
    rows: list[tuple[str, str, float, int]] = field(default_factory=list)

    def __call__(self, notebook: Path, **parameters: Any) -> Executed:
        profile, copy = profile_of(notebook), self.folder / notebook.name
        command = [str(user_python()), "-m", "papermill", str(notebook), str(copy)]
        command += ["--no-progress-bar", "--cwd", str(self._home(notebook))]
        for name, value in parameters.items():
            command += ["--parameters", name, str(value)]
        executed = self._run(command, copy, memory_bytes(profile))
        if notebook.parent == NOTEBOOKS:
            row = (notebook.stem, profile, executed.seconds, executed.peak_bytes)
            self.rows.append(row)
        return executed

    def _home(self, notebook: Path) -> Path:
        home = self.folder / f"home-{notebook.stem}"
        home.mkdir(exist_ok=True)
        return home

    def _run(self, command: list[str], copy: Path, memory: int) -> Executed:
        limiter, name = limits.detect(), f"notebook-{os.getpid()}-{copy.stem}"
        begin, peak, log = time.monotonic(), 0, copy.with_suffix(".log")
        with log.open("w") as out:
            process = subprocess.Popen(
                command,
                env=self._environment(memory),
                stdout=out,
                stderr=subprocess.STDOUT,
                text=True,
                preexec_fn=limiter.prepare(name, memory, Machine.here().cores),
                start_new_session=True,
            )
            while process.poll() is None and time.monotonic() - begin < TIMEOUT_S:
                peak = max(peak, _tree_bytes(process))
                time.sleep(0.2)
            limiter.kill(name)
        seconds = time.monotonic() - begin
        return Executed(copy, process.wait(10), log.read_text(), seconds, peak)

    def _environment(self, memory: int) -> dict[str, str]:
        return {
            **self.standins.environment,
            "HOME": str(self.folder),
            "LANG": "C.UTF-8",
            "PATH": f"{BASE / 'bin'}:{os.environ['PATH']}",
            "PYTHONPATH": str(Path(__file__).with_name("loopback_only")),
            "MPLBACKEND": "module://matplotlib_inline.backend_inline",
            "MEM_LIMIT": str(memory),
            "OMP_NUM_THREADS": str(Machine.here().cores),
        }

    def table(self) -> str:
        """Return what the notebooks cost, as Markdown."""
        lines = ["| notebook | profile | time (s) | peak memory (MB) |"]
        lines.append("|---|---|---:|---:|")
        for name, profile, seconds, peak in self.rows:
            lines.append(f"| {name} | {profile} | {seconds:.0f} | {peak / 1e6:.0f} |")
        return "\n".join(lines)


@pytest.fixture(scope="session")
def execute(
    archive: Standins, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Runner]:
    runner = Runner(tmp_path_factory.mktemp("notebooks"), archive)
    yield runner
    print(f"\n{runner.table()}")
    if where := os.environ.get("NOTEBOOKS_TABLE"):
        Path(where).write_text(runner.table() + "\n")


@pytest.fixture(scope="session")
def not_run() -> dict[str, dict[str, Any]]:
    return tomllib.loads((Path(__file__).with_name("not_run.toml")).read_text())


@pytest.fixture(scope="session")
def notebooks() -> list[Path]:
    return sorted(NOTEBOOKS.glob("*.ipynb"))


@pytest.fixture(scope="session")
def names_profile() -> Callable[[Path], str]:
    return profile_of
