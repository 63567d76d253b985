"""Fixtures of the data side: an archive of our own making, and the sample archive.

user_python
    The user environment's interpreter; skips where there is none.
samples
    The sample archive's folder, made once per version of its makers.
serve_archive
    Serves a local archive's folder (API and S3) on a thread of its own.
in_user_environment
    Runs Python source in the user environment against a served archive.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from aiohttp import web

from hub_config.local.environments import ENVIRONMENTS
from hub_config.local.environments import user_python as interpreter
from hub_config.local.sample_archive import make_samples, samples_folder
from hub_config.local.serving import serving
from hub_config.local.standins.catalogue import Archive
from hub_config.local.standins.storage import Storage


@pytest.fixture(scope="session")
def user_python() -> Path:
    if not os.access(interpreter(), os.X_OK):
        pytest.skip("no user environment; `archive-hub local prepare` makes it")
    return interpreter()


@pytest.fixture(scope="session")
def samples(user_python: Path) -> Path:
    folder = samples_folder(ENVIRONMENTS)
    make_samples(folder, user_python)
    return folder


def _owner(request: web.Request) -> str | None:
    return request.headers.get("Authorization", "").removeprefix("token ") or None


@contextmanager
def _served(folder: Path) -> Iterator[str]:
    archive = Archive(folder, prefix="/services/archive", account_of=_owner)
    inside, app = web.Application(), web.Application()
    archive.add_routes(inside)
    archive.add_discovery(app)
    app.add_subapp("/services/archive", inside)
    storage = Storage(folder / "objects", is_embargoed=archive.catalogue.is_embargoed)
    storage.add_routes(app, "/services/s3")
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
    yield found[0]
    loop.call_soon_threadsafe(stop.set)
    thread.join(10)
    loop.close()


@pytest.fixture(scope="session")
def serve_archive() -> Iterator[Callable[[Path], str]]:
    with ExitStack() as stack:
        yield lambda folder: stack.enter_context(_served(folder))


@pytest.fixture(scope="session")
def sample_url(samples: Path, serve_archive: Callable[[Path], str]) -> str:
    return serve_archive(samples)


@pytest.fixture(scope="session")
def in_user_environment(user_python: Path) -> Callable[..., str]:
    def run(source: str, url: str, *arguments: str) -> str:
        environment = {
            **os.environ,
            "DANDI_INSTANCE": f"{url}/services/archive",
            "DANDI_NO_ET": "1",
            "AWS_ENDPOINT_URL": f"{url}/services/s3",
        }
        command = [str(user_python), "-W", "ignore", "-c", source, *arguments]
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=120
        )
        assert done.returncode == 0, done.stderr[-3000:]
        print(done.stderr[-2000:], file=sys.stderr)
        return done.stdout

    return run
