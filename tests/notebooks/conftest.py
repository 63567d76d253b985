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
import os
import threading
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from hub_config.local.environments import ENVIRONMENTS, user_python
from hub_config.local.sample_archive import make_samples, samples_folder
from hub_config.local.serving import serving
from hub_config.local.standins.catalogue import Archive
from hub_config.local.standins.storage import Storage
from tests.notebooks.running import NOTEBOOKS, Runner, Standins, profile_of


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


@pytest.fixture(scope="session")
def execute(
    archive: Standins, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Runner]:
    runner = Runner(tmp_path_factory.mktemp("notebooks"), archive)
    yield runner
    for cost in runner.costs:
        print(cost)


@pytest.fixture(scope="session")
def not_run() -> dict[str, dict[str, Any]]:
    return tomllib.loads((Path(__file__).with_name("not_run.toml")).read_text())


@pytest.fixture(scope="session")
def notebooks() -> list[Path]:
    return sorted(NOTEBOOKS.glob("*.ipynb"))


@pytest.fixture(scope="session")
def names_profile() -> Callable[[Path], str]:
    return profile_of
