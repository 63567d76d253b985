"""The archive's people endpoints, as the archive answers and not as one would wish.

The search matches substrings, shows approved people only and is cut at ten rows.
Source: dandi/dandi-archive at 3e3c3c9c584a, ``views/users.py``, ``permissions.py``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from aiohttp import web
from pydantic import BaseModel, ConfigDict, ValidationError

from .faults import CONTROL, guard
from .people import People, PeopleError, Person, Status, parse

ROWS = 10
_SEARCHABLE = re.compile(r"[\w.@+-]+")


@dataclass(frozen=True)
class Caller:
    """Whose token a request carries."""

    username: str
    status: Status = "APPROVED"
    admin: bool = False


class Style(BaseModel):
    """How this archive differs from today's.

    Parameters
    ----------
    tell_numbers : bool
        Rows carry ``github_id``, as we proposed to the archive.
    omit_status : bool
        Rows carry no ``status``, as in older versions.
    all_statuses : bool
        The search also shows people who are not approved.
    """

    model_config = ConfigDict(extra="forbid")

    tell_numbers: bool = False
    omit_status: bool = False
    all_statuses: bool = False


class Accounts:
    """The archive's people, the tokens that may ask, and the style of the answers.

    Parameters
    ----------
    people : People
        Shared with the stand-in of GitHub.
    callers : mapping of str to Caller
        By token.
    """

    def __init__(self, people: People, callers: Mapping[str, Caller]) -> None:
        self.people = people
        self.style = Style()
        self._callers = dict(callers)

    def caller(self, request: web.Request) -> Caller:
        """Return who asks.

        Raises
        ------
        aiohttp.web.HTTPUnauthorized
            No token, or none of ours.
        """
        kind, _, token = request.headers.get("Authorization", "").partition(" ")
        caller = self._callers.get(token)
        if kind.lower() not in ("token", "bearer") or caller is None:
            detail = "Authentication credentials were not provided."
            raise web.HTTPUnauthorized(
                text=_detail("Invalid token." if token else detail),
                content_type="application/json",
            )
        return caller

    def find(self, text: str) -> list[dict[str, Any]]:
        """Return the rows of a search: at most ten, oldest account first."""
        if not _SEARCHABLE.fullmatch(text):
            return []
        needle = text.lower()
        hits = [person for person in self._shown() if needle in _haystack(person)]
        return [self._row(person) for person in hits[:ROWS]]

    def approved(self) -> list[dict[str, Any]]:
        """Return every approved person."""
        return [
            self._row(person) for person in self._shown() if person.status == "APPROVED"
        ]

    def _shown(self) -> list[Person]:
        shown = [
            person
            for person in self.people
            if person.active
            and person.status is not None
            and (self.style.all_statuses or person.status == "APPROVED")
        ]
        return sorted(shown, key=lambda person: person.joined)

    def _row(self, person: Person) -> dict[str, Any]:
        row: dict[str, Any] = {
            "admin": person.admin,
            "username": person.username,
            "name": person.name,
        }
        if not self.style.omit_status:
            row["status"] = person.status
        if self.style.tell_numbers:
            row["github_id"] = person.number
        return row


def _haystack(person: Person) -> str:
    account = person.email or person.username
    return "\n".join(
        (person.first_name, person.last_name, account, person.username)
    ).lower()


def _detail(text: str) -> str:
    return json.dumps({"detail": text})


def _forbidden() -> web.HTTPForbidden:
    detail = "You do not have permission to perform this action."
    return web.HTTPForbidden(text=_detail(detail), content_type="application/json")


class _Pages:
    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts

    async def search(self, request: web.Request) -> web.Response:
        caller = self._accounts.caller(request)
        if caller.status != "APPROVED" and not caller.admin:
            raise _forbidden()
        if "username" not in request.query:
            body = {"username": ["This field is required."]}
            return web.json_response(body, status=400)
        return web.json_response(self._accounts.find(request.query["username"]))

    async def me(self, request: web.Request) -> web.Response:
        caller = self._accounts.caller(request)
        row = {
            "admin": caller.admin,
            "username": caller.username,
            "name": caller.username,
            "status": caller.status,
        }
        return web.json_response(row)

    async def everybody(self, request: web.Request) -> web.Response:
        if not self._accounts.caller(request).admin:
            raise _forbidden()
        return web.json_response(self._accounts.approved())


def add_routes(
    app: web.Application,
    accounts: Accounts,
    *,
    prefix: str = "",
    control_token: str = "",
) -> None:
    """Add the archive's people endpoints, and switches of people and style, to `app`.

    Parameters
    ----------
    app : web.Application
        May have other endpoints of the archive beside these.
    accounts : Accounts
        Who is known.
    prefix : str
        Where the archive is mounted; the endpoints are under ``{prefix}/api/users/``.
    control_token : str
        Guards ``{prefix}/_standin/people`` and ``…/style``; empty keeps those shut.
    """
    pages = _Pages(accounts)
    app.router.add_get(f"{prefix}/api/users/search/", pages.search)
    app.router.add_get(f"{prefix}/api/users/me/", pages.me)
    app.router.add_get(f"{prefix}/api/users/", pages.everybody)
    switches = _Switches(accounts, control_token)
    app.router.add_get(f"{prefix}{CONTROL}/people", switches.people)
    app.router.add_put(f"{prefix}{CONTROL}/people", switches.replace_people)
    app.router.add_patch(f"{prefix}{CONTROL}/people/{{number}}", switches.change_person)
    app.router.add_put(f"{prefix}{CONTROL}/style", switches.set_style)


class _Switches:
    """Changes to people and style, behind the control token."""

    def __init__(self, accounts: Accounts, token: str) -> None:
        self._accounts = accounts
        self._token = token

    async def people(self, request: web.Request) -> web.Response:
        guard(request, self._token)
        return web.json_response(self._accounts.people.dump())

    async def replace_people(self, request: web.Request) -> web.Response:
        guard(request, self._token)
        try:
            self._accounts.people.replace(parse(await request.json()))
        except ValueError as error:
            raise web.HTTPBadRequest(text=f"stand-in: {error}\n") from None
        return await self.people(request)

    async def change_person(self, request: web.Request) -> web.Response:
        """Take fields of a person; ``{"revoke": true}`` revokes the tokens."""
        guard(request, self._token)
        people = self._accounts.people
        try:
            number = int(request.match_info["number"])
            changes = dict(await request.json())
            if changes.pop("revoke", False):
                people.revoke(number)
            person = people.change(number, **changes)
        except PeopleError as error:
            raise web.HTTPBadRequest(text=f"stand-in: {error}\n") from None
        except (TypeError, ValueError):
            raise web.HTTPBadRequest(
                text="stand-in: want a number in the path and an object of fields\n"
            ) from None
        return web.json_response(person.model_dump())

    async def set_style(self, request: web.Request) -> web.Response:
        guard(request, self._token)
        try:
            style = Style.model_validate_json(await request.read())
        except ValidationError as error:
            raise web.HTTPBadRequest(text=f"stand-in: {error}\n") from None
        self._accounts.style = style
        return web.json_response(style.model_dump())
