"""Who has a running server: asked of the hub, and of the cluster if it is away."""

from __future__ import annotations

import base64
import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx

from ..certificates import trusted
from . import cluster
from .programs import DeployError
from .releases import HUB

SERVICE = "operator"
PAGE = 200
LOGIN = "hub.archive/login"
_FORWARDED = re.compile(r"127\.0\.0\.1:(\d+) ->")


@dataclass(frozen=True)
class Running:
    """One person's server.

    Parameters
    ----------
    name : str
        The hub's name of the person, and their login if the cluster knows it.
    active : datetime, optional
        When something was last done there.
    """

    name: str
    active: datetime | None = None

    def line(self, now: datetime) -> str:
        """Return who it is and how long nothing was done."""
        if self.active is None:
            return self.name
        return f"{self.name}, last active {_ago((now - self.active).total_seconds())}"


@dataclass(frozen=True)
class Census:
    """Who has a server, and how sure that is.

    Parameters
    ----------
    people : tuple of Running
        Those who have one.
    doubt : str
        Why the hub could not be asked; empty if it was.
    """

    people: tuple[Running, ...] = ()
    doubt: str = ""

    def lines(self, now: datetime) -> list[str]:
        """Return the list in words."""
        count = len(self.people)
        said = "nobody has" if not count else f"{count} people have"
        head = f"{'one person has' if count == 1 else said} a running server"
        if self.doubt:
            head += f" (the hub could not be asked, pods were counted: {self.doubt})"
        return [head, *(f"  {one.line(now)}" for one in self.people)]


def census() -> Census:
    """Ask who has a running server.

    Raises
    ------
    DeployError
        Not even the cluster answers.
    """
    if cluster.get("deployment", HUB, "hub") is None:
        return Census()
    logins = _logins()
    try:
        token = _token()
        with _forwarded() as url:
            users = _users(url, token)
    except (DeployError, httpx.HTTPError) as error:
        people = tuple(Running(_named(name, logins)) for name in logins)
        return Census(people, str(error) or type(error).__name__)
    return Census(
        tuple(
            Running(_named(one["name"], logins), _moment(one.get("last_activity")))
            for one in users
        )
    )


def _users(url: str, token: str) -> list[dict[str, Any]]:
    headers = {"Authorization": f"token {token}"}
    with httpx.Client(headers=headers, verify=trusted()) as client:
        found: list[dict[str, Any]] = []
        while True:
            query = f"state=active&offset={len(found)}&limit={PAGE}"
            answer = client.get(f"{url}/hub/api/users?{query}").raise_for_status()
            page = answer.json()
            found += page
            if len(page) < PAGE:
                return found


def _logins() -> dict[str, str]:
    """Return the login of each person who has a server pod, by the hub's name."""
    found = cluster.items("pods", HUB, "component=singleuser-server")
    return {
        about["annotations"]["hub.jupyter.org/username"]: about["labels"].get(LOGIN, "")
        for about in (one["metadata"] for one in found)
        if "hub.jupyter.org/username" in about.get("annotations", {})
    }


def _named(name: str, logins: dict[str, str]) -> str:
    login = logins.get(name)
    return f"{name} ({login})" if login else name


def _token() -> str:
    secret = cluster.get("secret", HUB, "hub")
    kept = (secret or {}).get("data", {}).get(f"hub.services.{SERVICE}.apiToken")
    if not kept:
        raise DeployError(f"the hub has no service {SERVICE!r} yet")
    return base64.b64decode(kept).decode()


@contextmanager
def _forwarded() -> Iterator[str]:
    """Hold a way to the hub, past the login, while the block runs."""
    words = ["kubectl", f"--namespace={HUB}", "port-forward", "service/hub", ":8081"]
    with subprocess.Popen(
        words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        try:
            line = process.stdout.readline()
            port = _FORWARDED.search(line)
            if port is None:
                process.terminate()
                said = (line + process.stderr.read()).strip().splitlines()
                raise DeployError(f"port-forward: {said[-1] if said else 'it ended'}")
            yield f"http://127.0.0.1:{port[1]}"
        finally:
            process.send_signal(signal.SIGTERM)


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text).astimezone(UTC) if text else None


def _ago(seconds: float) -> str:
    minutes = max(0, round(seconds / 60))
    return f"{minutes} min ago" if minutes < 120 else f"{minutes // 60} h ago"
