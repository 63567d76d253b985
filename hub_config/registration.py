"""Asking the archives about a person: all at once, patiently for a few seconds.

What each answer means is in `verdict`; whatever an archive does, asking never raises.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote, urljoin, urlsplit

import httpx
from prometheus_client import Histogram

from .certificates import trusted
from .settings import Archive
from .verdict import Answer, Decision, Person, Verdict, read

LARGEST_ANSWER_BYTES = 32 * 2**20
_MOST_PAGES = 50
ARCHIVE_SECONDS = Histogram(
    "archive_hub_archive_seconds", "How long an archive took to answer.", ["archive"]
)


class Unanswered(Exception):
    """An archive gave no answer that could be read."""

    def __init__(self, reason: str, *, token_dead: bool = False) -> None:
        super().__init__(reason)
        self.token_dead = token_dead


async def ask(
    archives: Mapping[str, Archive],
    person: Person,
    *,
    timeout_s: float,
    client: httpx.AsyncClient,
) -> Decision:
    """Ask every archive at once about one person.

    Parameters
    ----------
    archives : mapping of str to Archive
        From the settings; each one's token is in the environment variable `token_env`.
    person : Person
        Login and, if known, number.
    timeout_s : float
        For all archives together, in seconds.
    client : httpx.AsyncClient
        Its connections are used; it must not follow redirects.

    Returns
    -------
    Decision
        One verdict for each archive; never raises for what an archive does.
    """
    deadline = asyncio.get_running_loop().time() + timeout_s
    verdicts = await asyncio.gather(
        *(
            _ask_one(name, archive, person, client, deadline)
            for name, archive in archives.items()
        )
    )
    return Decision(tuple(verdicts))


async def _ask_one(
    name: str,
    archive: Archive,
    person: Person,
    client: httpx.AsyncClient,
    deadline: float,
) -> Verdict:
    try:
        async with asyncio.timeout_at(deadline):
            search = f"users/search/?username={_quoted(person.login)}"
            with ARCHIVE_SECONDS.labels(archive=name).time():
                rows = await _fetch(client, archive, search)
            verdict = read(name, rows, person, complete=False)
            if verdict.answer is Answer.CUT_SHORT and archive.exact_list:
                return await _among_everybody(verdict, archive, person, client)
            return verdict
    except TimeoutError:
        return Verdict(name, Answer.UNREACHABLE, "no answer in time")
    except Unanswered as error:
        return Verdict(
            name, Answer.UNREACHABLE, str(error), token_dead=error.token_dead
        )


def _quoted(login: str) -> str:
    return quote(login, safe="", errors="replace")


async def _among_everybody(
    cut: Verdict, archive: Archive, person: Person, client: httpx.AsyncClient
) -> Verdict:
    """Look for a person in the exact list; the answer stays cut if there is none."""
    try:
        rows = await _fetch_everybody(client, archive)
    except Unanswered as error:
        reason = f"{cut.reason}; the exact list: {error}"
        return replace(cut, reason=reason, token_dead=error.token_dead)
    return read(cut.archive, rows, person, complete=True)


async def _fetch_everybody(client: httpx.AsyncClient, archive: Archive) -> list[object]:
    """Fetch the list of all approved people, in one piece or in pages."""
    rows: list[object] = []
    path = "users/?approved_only=true"
    for _ in range(_MOST_PAGES):
        page = await _fetch(client, archive, path)
        if isinstance(page, list):
            return rows + page
        if not isinstance(page, dict) or not isinstance(page.get("results"), list):
            raise Unanswered("the list of everybody cannot be read")
        rows += page["results"]
        following = page.get("next")
        if following is None:
            return rows
        path = _own_path(archive, following)
    raise Unanswered(f"the list of everybody has more than {_MOST_PAGES} pages")


def _own_path(archive: Archive, url: object) -> str:
    """Return what follows the archive's address: the token goes nowhere else."""
    base = f"{archive.api_url}/"
    target = urljoin(base, url) if isinstance(url, str) else ""
    if not target.startswith(base) or urlsplit(target).netloc != urlsplit(base).netloc:
        raise Unanswered("the list of everybody continues at another address")
    return target.removeprefix(base)


async def _fetch(client: httpx.AsyncClient, archive: Archive, path: str) -> Any:
    """Return the JSON of one GET with the archive's token.

    Raises
    ------
    Unanswered
        For every other outcome.
    """
    token = os.environ.get(archive.token_env, "").strip()
    if not token:
        raise Unanswered(f"{archive.token_env} is not set", token_dead=True)
    if not (token.isascii() and token.isprintable()):
        raise Unanswered(f"{archive.token_env} is no token", token_dead=True)
    headers = {"Authorization": f"token {token}", "Accept": "application/json"}
    try:
        async with client.stream(
            "GET", f"{archive.api_url}/{path}", headers=headers
        ) as response:
            _require_ok(response.status_code)
            return json.loads(await _bounded(response))
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise Unanswered(type(error).__name__) from None
    except (ValueError, RecursionError):
        raise Unanswered("the answer is not JSON") from None


def _require_ok(status: int) -> None:
    if status in (401, 403):
        raise Unanswered(f"HTTP {status}: the hub's token is dead", token_dead=True)
    if status != 200:
        raise Unanswered(f"HTTP {status}")


async def _bounded(response: httpx.Response) -> bytes:
    body = bytearray()
    async for piece in response.aiter_bytes():
        body += piece
        if len(body) > LARGEST_ANSWER_BYTES:
            raise Unanswered(f"the answer is above {LARGEST_ANSWER_BYTES} bytes")
    return bytes(body)


@dataclass(frozen=True)
class TokenHealth:
    """Whether an archive takes the hub's token.

    Parameters
    ----------
    alive : bool, optional
        None while the archive cannot be asked.
    reason : str
        A few words.
    """

    alive: bool | None
    reason: str


async def token_health(
    archives: Mapping[str, Archive], *, timeout_s: float, client: httpx.AsyncClient
) -> dict[str, TokenHealth]:
    """Tell for each archive whether its token would still be answered.

    A search needs the token of an approved person, so that is what is looked for.
    """
    names = list(archives)
    health = await asyncio.gather(
        *(_health_of(archives[name], timeout_s, client) for name in names)
    )
    return dict(zip(names, health, strict=True))


async def _health_of(
    archive: Archive, timeout_s: float, client: httpx.AsyncClient
) -> TokenHealth:
    try:
        async with asyncio.timeout(timeout_s):
            me = await _fetch(client, archive, "users/me/")
    except TimeoutError:
        return TokenHealth(None, "no answer in time")
    except Unanswered as error:
        return TokenHealth(False if error.token_dead else None, str(error))
    if not isinstance(me, dict):
        return TokenHealth(None, "the answer is not an object")
    if me.get("admin") is True or me.get("status", "APPROVED") == "APPROVED":
        return TokenHealth(True, "answered")
    return TokenHealth(False, f"its owner is {me.get('status')!r}, not APPROVED")


def new_client() -> httpx.AsyncClient:
    """Return a client for `ask`: no redirects, room for a class logging in at once."""
    return httpx.AsyncClient(
        follow_redirects=False,
        timeout=None,
        verify=trusted(),
        limits=httpx.Limits(max_connections=100, max_keepalive_connections=20),
    )
