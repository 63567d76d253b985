"""A browser as far as HTTP goes, for measuring."""

from __future__ import annotations

import re
import time

import httpx


class Visitor(httpx.Client):
    """One person: logs in, starts a server."""

    def __init__(self, url: str) -> None:
        super().__init__(base_url=url, follow_redirects=True, timeout=120)

    def log_in(self, login: str) -> str:
        """Sign in through the stand-in; return the hub's name of the person."""
        page = self.get("/hub/oauth_login", params={"next": "/hub/home"})
        form = dict(page.url.params) | {"login": login}
        self.post(page.url.copy_with(query=None), data=form).raise_for_status()
        self.accept_terms()
        name: str = self.get("/hub/api/user").raise_for_status().json()["name"]
        return name

    def accept_terms(self) -> None:
        """Accept the terms of use, where they are asked for."""
        version = re.search(
            r'name="version" value="([^"]+)"', self.get("/hub/terms").text
        )
        form = {"_xsrf": self.xsrf, "version": version[1] if version else ""}
        self.post("/hub/terms", data=form | {"next": "/hub/home"}).raise_for_status()

    @property
    def xsrf(self) -> str:
        """The token that a form of the hub brings."""
        return next(
            cookie.value or ""
            for cookie in self.cookies.jar
            if cookie.name == "_xsrf" and cookie.path == "/hub/"
        )

    def start(self, name: str, profile: str) -> float:
        """Start a server; return the seconds until it is ready."""
        started = time.perf_counter()
        answer = self.post(
            f"/hub/api/users/{name}/server",
            json={"profile": profile} if profile else {},
            headers={"X-XSRFToken": self.xsrf},
        )
        answer.raise_for_status()
        while not self.get(f"/hub/api/users/{name}").json()["servers"][""]["ready"]:
            time.sleep(0.25)
        return time.perf_counter() - started
