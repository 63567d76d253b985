"""A browser as far as HTTP goes: cookies, redirects, forms.

The health check, the figures and the tests all come to the hub this way: through the
login page, as people do.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import httpx

from ..certificates import trusted

STAND_IN = "/services/github/login/oauth/authorize"
# What GitHub's own pages call the cookies of somebody who is signed in.
GITHUB_COOKIES = ("user_session", "__Host-user_session_same_site")
POLL_S = 0.25


class VisitFailed(RuntimeError):
    """The hub answered, and a person could not do what they came for."""


class CouldNotAsk(RuntimeError):
    """Nothing was learned about the hub: no answer, or nobody to log in as."""


class Visitor(httpx.Client):
    """One person's browser.

    Parameters
    ----------
    url : str
        The hub's address, without a path.
    timeout_s : float
        For each request.
    token : str
        Of a program that comes in the person's place; goes to the hub and to its
        subdomains alone.
    """

    def __init__(self, url: str, timeout_s: float = 60, token: str = "") -> None:
        super().__init__(
            base_url=url, follow_redirects=True, timeout=timeout_s, verify=trusted()
        )
        self._token = token
        # httpx drops the header on the way to a subdomain.
        self.event_hooks = {"request": [self._show_token]}

    def _show_token(self, request: httpx.Request) -> None:
        request.headers.update(self.authorization(request.url))

    def authorization(self, url: httpx.URL) -> dict[str, str]:
        """Return the header with which a program shows its token to the hub."""
        hub = self.base_url
        ours = url.host == hub.host or url.host.endswith(f".{hub.host}")
        # A websocket is told by its own letters.
        safe = url.scheme.replace("ws", "http") == hub.scheme
        if not (self._token and ours and safe):
            return {}
        return {"Authorization": f"token {self._token}"}

    def to_github(self) -> httpx.Response:
        """Press the login button; return the page that one ends on."""
        return self.get("/hub/oauth_login", params={"next": "/hub/home"})

    def log_in(self, login: str, *, accept: bool = True) -> httpx.Response:
        """Sign in through the stand-in of GitHub; return the page one ends on.

        Who comes in accepts the terms, unless `accept` is false.

        Raises
        ------
        CouldNotAsk
            The hub does not send people to the stand-in.
        """
        page = self.to_github()
        if page.url.path != STAND_IN:
            raise CouldNotAsk(
                f"log in: sent to {str(page.url.copy_with(query=None))!r}, which is "
                f"not the stand-in of GitHub (HTTP {page.status_code})"
            )
        form = dict(page.url.params) | {"login": login}
        answer = self.post(page.url.copy_with(query=None), data=form)
        if accept and answer.is_success:
            self.accept_terms()
        return answer

    def log_in_with_session(self, session: str, github: str) -> httpx.Response:
        """Sign in as whoever is signed in to GitHub with this session's cookie.

        Parameters
        ----------
        session : str
            The value of the cookie ``user_session``; a secret.
        github : str
            Host name of GitHub, for which alone the cookie is sent.

        Raises
        ------
        CouldNotAsk
            GitHub does not take the session, or asks its owner something.
        """
        for name in GITHUB_COOKIES:
            self.cookies.set(name, session, domain=github)
        page = self.to_github()
        if page.url.host != self.base_url.host:
            raise CouldNotAsk(
                f"log in: GitHub wants its owner at {page.url.path!r}; sign in as the "
                "canary in a browser, allow the hub once, and keep the new session"
            )
        if page.is_success:
            self.accept_terms()
        return page

    def accept_terms(self) -> httpx.Response:
        """Accept the terms of use as the form does; once more does no harm."""
        page = self.get("/hub/terms").text
        version = re.search(r'name="version" value="([^"]+)"', page)
        form = {"_xsrf": self.xsrf, "version": version[1] if version else ""}
        return self.post("/hub/terms", data=form | {"next": "/hub/home"})

    @property
    def xsrf(self) -> str:
        """The token that forms of the hub must bring."""
        return next(
            (
                cookie.value or ""
                for cookie in self.cookies.jar
                if cookie.name == "_xsrf" and cookie.path == "/hub/"
            ),
            "",
        )

    @property
    def name(self) -> str:
        """The hub's name of who is logged in.

        Raises
        ------
        VisitFailed
            Nobody is.
        """
        answer = self.get("/hub/api/user")
        if not answer.is_success:
            raise VisitFailed(f"nobody is logged in: HTTP {answer.status_code}")
        name: str = answer.json()["name"]
        return name

    def server_of(self, name: str) -> dict[str, Any]:
        """Return what the hub says of a person's server; empty if there is none."""
        answer = self.get(f"/hub/api/users/{name}").raise_for_status()
        found: dict[str, Any] = answer.json()["servers"].get("", {})
        return found

    def start_server(self, name: str, profile: str, timeout_s: float = 120) -> None:
        """Start a server and wait until it is ready.

        Parameters
        ----------
        name : str
            The hub's name of the person.
        profile : str
            Empty for a hub without a list of profiles.
        timeout_s : float
            For how long.

        Raises
        ------
        VisitFailed
            The hub refuses, the start fails, or it takes too long.
        """
        deadline = time.monotonic() + timeout_s
        answer = self.post(
            f"/hub/api/users/{name}/server",
            json={"profile": profile} if profile else {},
            headers={"X-XSRFToken": self.xsrf},
        )
        if not answer.is_success:
            raise VisitFailed(f"the hub refuses to start a server: {_reason(answer)}")
        while not self.server_of(name).get("ready"):
            for event in self._progress(name, deadline):
                if event.get("failed"):
                    raise VisitFailed(f"the start failed: {event.get('message')}")
            if time.monotonic() > deadline:
                raise VisitFailed(f"the server was not ready after {timeout_s:g} s")
            time.sleep(POLL_S)

    def _progress(self, name: str, deadline: float) -> Iterator[dict[str, Any]]:
        """Yield what the hub tells of a start, as the waiting page shows it."""
        address = f"/hub/api/users/{name}/server/progress"
        with suppress(httpx.TransportError), self.stream("GET", address) as answer:
            # A line comes every few seconds, if only to keep the connection.
            for line in answer.iter_lines():
                if line.startswith("data:"):
                    yield json.loads(line.removeprefix("data:"))
                if time.monotonic() > deadline:
                    return

    def stop_server(self, name: str, timeout_s: float = 60) -> None:
        """Stop a server, also one that is starting, and wait until it is gone.

        Raises
        ------
        VisitFailed
            It is still there.
        """
        deadline = time.monotonic() + timeout_s
        answer = self.delete(
            f"/hub/api/users/{name}/server", headers={"X-XSRFToken": self.xsrf}
        )
        while self.server_of(name):
            if time.monotonic() > deadline:
                raise VisitFailed(
                    f"the server of {name} is still there after {timeout_s:g} s "
                    f"(HTTP {answer.status_code}); stop it on the hub's admin page"
                )
            time.sleep(POLL_S)


def _reason(answer: httpx.Response) -> str:
    """Return what an answer of the hub's API says, in a line."""
    try:
        said = answer.json()["message"]
    except (ValueError, KeyError, TypeError):
        said = answer.reason_phrase
    return f"HTTP {answer.status_code}, {' '.join(str(said).split())}"
