"""How each part of a running hub is tried; `vitals` calls these every few seconds."""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
import time
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any, TypeVar

import httpx
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.pool import NullPool

from .registration import TokenHealth, token_health
from .settings import Hub
from .vitals import Ill, Part

# A database's journal needs room to grow before the disk is quite full.
LEAST_FREE_BYTES = 64 * 2**20
LEAST_FREE_SHARE = 0.05
# Below the patience of `vitals`, so that what hangs is asked anew at the next look.
REQUEST_TIMEOUT_S = 4.5
# Well below what a sign-in, or the cloud's own signatures, bear.
CLOCK_OFF_S = 60
T = TypeVar("T")
_SQLITE = {"timeout": 3}
_POSTGRES = {
    "connect_timeout": 3,
    "tcp_user_timeout": 3000,
    "options": "-c statement_timeout=3000",
}
SIGN_IN = "Signing in may fail for a while. Servers that run are not touched."


def parts_of(app: Any, hub: Hub, authenticator: Any) -> dict[str, Part]:
    """Return what a hub needs.

    Parameters
    ----------
    app : jupyterhub.app.JupyterHub
        The running hub.
    hub : Hub
        Its settings: one part for each archive, and one for its token.
    authenticator : ArchiveAuthenticator
        Has the address of GitHub and a client.
    """
    client = authenticator.client
    disk = "The hub's disk is full or away. " + SIGN_IN
    parts = {
        "database": Part(lambda: _database(app.db_url), _about("database")),
        **_github(client, authenticator.github_url),
        **_archives(hub, client),
    }
    if authenticator.ledger_path:
        folder = Path(authenticator.ledger_path).parent
        parts["disk"] = Part(lambda: _writable(folder), disk)
    if api_url := getattr(app.proxy, "api_url", ""):
        parts["proxy"] = Part(
            lambda: _proxy(client, api_url, app.proxy.auth_token),
            "Opening a server may fail for a moment. What runs goes on.",
        )
    spawners = app.config.get("KubeSpawner", {})
    if gateway := spawners.get("environment", {}).get("DASK_GATEWAY__ADDRESS"):
        parts["gateway"] = Part(
            lambda: _answers(client, f"{gateway}/api/health", below=400),
            "New Dask clusters cannot be made just now.",
        )
    local = app.config.get("SimpleLocalProcessSpawner", {})
    homes = local.get("home_dir_template")
    if not homes and hasattr(app.spawner_class, "reflectors"):
        parts["kubernetes"] = Part(
            lambda: _kubernetes(app.spawner_class.reflectors),
            "New servers may have to wait. Servers that run are not touched.",
        )
    if homes:
        parts["homes"] = Part(
            lambda: _writable(Path(homes).parent),
            "The disk of the homes is full or away: saving may fail.",
        )
    return parts


def _about(part: str) -> str:
    return f"The hub's {part} does not answer as it should. {SIGN_IN}"


async def _database(url: str) -> None:
    await asyncio.to_thread(_ask_database, url)


def _ask_database(url: str) -> None:
    """Take and drop the right to write; on SQLite that finds a held lock too."""
    place = make_url(url)
    lite = place.get_backend_name() == "sqlite"
    if lite and place.database:
        # That right is given on a full disk, too.
        _write(Path(place.database).resolve().parent)
    wait = _SQLITE if lite else _POSTGRES
    engine = create_engine(url, poolclass=NullPool, connect_args=wait)
    with engine.connect() as connection:
        if lite:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        connection.execute(text("SELECT count(*) FROM spawners"))
        connection.rollback()


async def _writable(folder: Path) -> None:
    await asyncio.to_thread(_write, folder)


def _write(folder: Path) -> None:
    try:
        usage = shutil.disk_usage(folder)
        least = min(LEAST_FREE_BYTES, int(usage.total * LEAST_FREE_SHARE))
        if usage.free < least:
            raise Ill(f"{usage.free >> 20} MiB are free of {usage.total >> 20} MiB")
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"x" * 4096)
            os.fsync(file.fileno())
    except OSError as error:
        raise Ill(error.strerror or type(error).__name__) from None


def _once(ask: Callable[[], Coroutine[Any, Any, T]]) -> Callable[[], Awaitable[T]]:
    """Let several parts share a question: it is asked anew after two seconds."""
    asked_s, asking = 0.0, None

    async def answer() -> T:
        nonlocal asked_s, asking
        now_s = time.monotonic()
        if asking is None or now_s - asked_s > 2:
            asked_s, asking = now_s, asyncio.ensure_future(ask())
        return await asyncio.shield(asking)

    return answer


async def _got(client: httpx.AsyncClient, url: str) -> httpx.Response:
    try:
        return await client.get(url, timeout=REQUEST_TIMEOUT_S)
    except httpx.HTTPError as error:
        raise Ill(type(error).__name__) from None


async def _below(ask: Callable[[], Awaitable[httpx.Response]], status: int) -> None:
    answer = await ask()
    if answer.status_code >= status:
        raise Ill(f"HTTP {answer.status_code}")


async def _answers(client: httpx.AsyncClient, url: str, below: int = 500) -> None:
    await _below(lambda: _got(client, url), below)


async def _clock(ask: Callable[[], Awaitable[httpx.Response]]) -> None:
    """Compare with whoever answers; no answer, or one without a time, says nothing."""
    try:
        headers = (await ask()).headers
        told = parsedate_to_datetime(headers["Date"])
        ahead_s = time.time() - told.timestamp() - float(headers.get("Age", 0))
    except (Ill, KeyError, ValueError):
        return
    if abs(ahead_s) > CLOCK_OFF_S:
        side = "ahead of" if ahead_s > 0 else "behind"
        raise Ill(f"{abs(ahead_s):.0f} s {side} GitHub's")


async def _proxy(client: httpx.AsyncClient, api_url: str, token: str) -> None:
    # No route is that old: the proxy answers, and answers little.
    query = {"inactive_since": "2000-01-01T00:00:00Z"}
    headers = {"Authorization": f"token {token}"}
    try:
        answer = await client.get(
            f"{api_url}/api/routes",
            params=query,
            headers=headers,
            timeout=REQUEST_TIMEOUT_S,
        )
    except httpx.HTTPError as error:
        raise Ill(type(error).__name__) from None
    if answer.status_code != 200:
        raise Ill(f"HTTP {answer.status_code}")


async def _kubernetes(reflectors: Mapping[Any, Any]) -> None:
    for reflector in reflectors.values():
        if error := reflector.last_error:
            raise Ill(f"the list of {reflector.kind} fails: {error.partition(':')[0]}")
    # None before the first server: then nothing is known of the cluster.
    if reflectors:
        try:
            await next(iter(reflectors.values())).ask_api(REQUEST_TIMEOUT_S)
        except Exception as error:
            raise Ill(f"the API does not answer: {type(error).__name__}") from None


def _github(client: httpx.AsyncClient, url: str) -> dict[str, Part]:
    asked = _once(lambda: _got(client, f"{url}/robots.txt"))
    return {
        "github": Part(
            lambda: _below(asked, 500), f"GitHub does not answer. {SIGN_IN}"
        ),
        "clock": Part(
            lambda: _clock(asked),
            "The hub's clock is wrong: no server is stopped for being idle until it "
            f"is right. {SIGN_IN}",
        ),
    }


def _archives(hub: Hub, client: httpx.AsyncClient) -> dict[str, Part]:
    asked = _Archives(hub, client)
    parts = {}
    for name, archive in hub.archives.items():
        means = f"{archive.name} cannot be asked who is registered. {SIGN_IN}"
        parts[f"archive-{name}"] = Part(lambda name=name: asked.answers(name), means)  # type: ignore[misc]
        parts[f"token-{name}"] = Part(lambda name=name: asked.token(name), means)  # type: ignore[misc]
    return parts


class _Archives:
    """Asks all archives once for the two questions about each."""

    def __init__(self, hub: Hub, client: httpx.AsyncClient) -> None:
        timeout_s = min(hub.login.timeout_s, REQUEST_TIMEOUT_S)
        self._all = _once(
            lambda: token_health(hub.archives, timeout_s=timeout_s, client=client)
        )

    async def _health(self, name: str) -> TokenHealth:
        return (await self._all())[name]

    async def answers(self, name: str) -> None:
        """Raise if the archive does not answer."""
        state = await self._health(name)
        if state.alive is None:
            raise Ill(state.reason)

    async def token(self, name: str) -> None:
        """Raise if the archive refuses the hub's token."""
        state = await self._health(name)
        if state.alive is False:
            raise Ill(state.reason)
