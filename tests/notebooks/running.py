"""Runs a notebook as a person does: whole, in their environment, and counts the cost.

With no more memory than its profile has, and no network but the loopback address.
Where NOTEBOOKS_KEEP names a folder, executed copies and what they cost stay there:
`make gallery` makes pages of them.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import resource
import shutil
import signal
import subprocess
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psutil

from hub_config import settings
from hub_config.local import limits
from hub_config.local.environments import BASE, user_python
from hub_config.local.machine import Machine, offer

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = ROOT / "notebooks"
TIMEOUT_S = 240
COSTS = "costs.json"


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


@dataclass(frozen=True)
class Cost:
    """What it took to run a notebook, the start of its kernel included.

    `cpu_s` is of all its processes: other work on the machine does not add to it, as it
    does to `seconds`.  `peak_bytes` is the sum of their proportional set sizes.
    """

    name: str
    profile: str
    seconds: float
    cpu_s: float
    peak_bytes: int


@dataclass
class Executed:
    """What came of running a notebook."""

    path: Path
    status: int
    log: str
    cost: Cost


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


def _stacks(process: subprocess.Popen[str], told: Path) -> str:
    """Return where each thread of what hangs stands, as `sitecustomize` has it told."""
    with contextlib.suppress(psutil.Error):
        tree = psutil.Process(process.pid)
        asked = [tree, *tree.children(recursive=True)]
        for one in asked:
            one.send_signal(signal.SIGUSR1)
        deadline = time.monotonic() + 5
        while time.monotonic() < deadline:
            if told.read_text().count("Current thread") >= len(asked):
                break
            time.sleep(0.1)
    return told.read_text()


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
    costs: list[Cost] = field(default_factory=list)
    timeout_s: float = TIMEOUT_S

    def __call__(self, notebook: Path, **parameters: Any) -> Executed:
        profile, copy = profile_of(notebook), self.folder / notebook.name
        program = Path(__file__).with_name("papermill_awake.py")
        command = [str(user_python()), str(program), str(notebook), str(copy)]
        command += ["--no-progress-bar", "--cwd", str(self._home(notebook))]
        for name, value in parameters.items():
            command += ["--parameters", name, str(value)]
        executed = self._run(command, copy, profile)
        if notebook.parent == NOTEBOOKS and executed.status == 0:
            self.costs.append(executed.cost)
            keep(copy, executed.cost)
        return executed

    def _home(self, notebook: Path) -> Path:
        home = self.folder / f"home-{notebook.stem}"
        home.mkdir(exist_ok=True)
        return home

    def _run(self, command: list[str], copy: Path, profile: str) -> Executed:
        limiter, name = limits.detect(), f"notebook-{os.getpid()}-{copy.stem}"
        memory, log = memory_bytes(profile), copy.with_suffix(".log")
        (stacks := copy.with_suffix(".stacks")).touch()
        begin, cpu_s, peak = time.monotonic(), _cpu_s(), 0
        with log.open("w") as out:
            process = subprocess.Popen(
                command,
                env=self._environment(memory) | {"STACKS": str(stacks)},
                stdout=out,
                stderr=subprocess.STDOUT,
                text=True,
                preexec_fn=limiter.prepare(name, memory, Machine.here().cores),
                start_new_session=True,
            )
            while process.poll() is None and time.monotonic() - begin < self.timeout_s:
                peak = max(peak, _tree_bytes(process))
                time.sleep(0.2)
            late = process.poll() is None
            where = _stacks(process, stacks) if late else ""
            limiter.kill(name)
        # What was ended here has failed, however it took that.
        status = process.wait(10) or (-signal.SIGKILL if late else 0)
        seconds = time.monotonic() - begin
        cost = Cost(copy.stem, profile, seconds, _cpu_s() - cpu_s, peak)
        return Executed(copy, status, log.read_text() + where, cost)

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


def _cpu_s() -> float:
    """Return the processor time of all children that have ended, and of theirs."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def keep(executed: Path, cost: Cost) -> None:
    """Keep an executed copy and its cost where NOTEBOOKS_KEEP says, if it does."""
    if not (place := os.environ.get("NOTEBOOKS_KEEP")):
        return
    folder = Path(place)
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(executed, folder / f"{cost.name}.ipynb")
    costs = folder / COSTS
    known = json.loads(costs.read_text()) if costs.exists() else {}
    costs.write_text(json.dumps(known | {cost.name: asdict(cost)}, indent=1))
