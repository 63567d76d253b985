"""Who walks: people of the local stand-ins, or accounts of which one has tokens."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

from ..failure import Failure
from ..local.standins.services import archive_url
from ..local.state import Run, State

_FIRST_NUMBER = 7_000_000


class RehearsalError(Failure, ValueError):
    """A rehearsal cannot begin as asked."""


@dataclass(frozen=True)
class Walker:
    """One of those who walk.

    Parameters
    ----------
    label : str
        What the report calls them.
    login : str
        At the stand-in of GitHub; empty with a token.
    token : str
        A hub API token, where nobody can log in by program.
    """

    label: str
    login: str = ""
    token: str = ""


def from_file(file: Path, count: int) -> list[Walker]:
    """Read tokens, one a line; blank lines and those with ``#`` are skipped.

    Raises
    ------
    RehearsalError
        The file cannot be read, or holds fewer than `count`.
    """
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not text in UTF-8"
        raise RehearsalError(f"{file}: {reason}") from None
    tokens = [line.strip() for line in lines]
    tokens = [token for token in tokens if token and not token.startswith("#")]
    if len(set(tokens)) < count:
        raise RehearsalError(
            f"{file}: {len(set(tokens))} tokens for {count} people; each needs an "
            "account of their own: add tokens, or ask for fewer with --people"
        )
    names = enumerate(dict.fromkeys(tokens), start=1)
    return [Walker(f"token {n}", token=token) for n, token in names][:count]


@asynccontextmanager
async def stand_ins(state: State, run: Run, count: int) -> AsyncIterator[list[Walker]]:
    """Let the stand-ins know `count` more people while the block runs.

    Who is there already, from a rehearsal beside this one, is left in the end.
    """
    place = f"{archive_url(run)}/_standin/people"
    headers = {"Authorization": f"token {state.secrets()['control_token']}"}
    wanted = [_person(index) for index in range(1, count + 1)]
    async with aiohttp.ClientSession(headers=headers) as http:
        present = await _get(http, place)
        numbers = {person["number"] for person in present}
        new = [person for person in wanted if person["number"] not in numbers]
        if new:
            await _put(http, place, [*present, *new])
        try:
            yield [Walker(person["login"], person["login"]) for person in wanted]
        finally:
            gone = {person["number"] for person in new}
            now = await _get(http, place)
            await _put(http, place, [one for one in now if one["number"] not in gone])


def _person(index: int) -> dict[str, Any]:
    number = _FIRST_NUMBER + index
    return {
        "number": number,
        # Of equal length: the archive's search is for substrings, cut at ten.
        "login": f"rehearsal-{index:04d}",
        "name": f"Rehearsal {index}",
        "status": "APPROVED",
        "joined": number,
        "note": "walks through a rehearsal",
    }


async def _get(http: aiohttp.ClientSession, place: str) -> list[dict[str, Any]]:
    async with http.get(place, raise_for_status=True) as answer:
        found: list[dict[str, Any]] = await answer.json()
        return found


async def _put(
    http: aiohttp.ClientSession, place: str, people: list[dict[str, Any]]
) -> None:
    async with http.put(place, json=people, raise_for_status=True):
        return
