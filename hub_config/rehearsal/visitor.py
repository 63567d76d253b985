"""A person without a browser: logs in, starts a server, runs cells, stops it.

Requests go the way a browser's go (forms, cookies, the kernel's websocket), so what
fails here fails for people.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Mapping
from html import unescape
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

import aiohttp
from yarl import URL

from ..visit.browser import VisitFailed
from ..visit.messages import Output, request

ANSWER_WITHIN_S = 120.0
_ASK_AGAIN_S = 0.5


class NoStandIn(VisitFailed):
    """People sign in with the real GitHub here, which no program can do."""


class Visitor:
    """One person, from `async with` to its end.

    Parameters
    ----------
    url : str
        The hub's address, as in a browser.
    token : str
        A hub API token of this person; without one, `log_in`.
    """

    def __init__(self, url: str, token: str = "") -> None:
        self.url = url.rstrip("/")
        self.name = ""
        self._token = token
        self._kernel = ""
        self._opened: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        token = {"Authorization": f"token {self._token}"} if self._token else {}
        self._opened = aiohttp.ClientSession(
            # Without it, an address without a name gets no cookies.
            cookie_jar=aiohttp.CookieJar(unsafe=True),
            headers=token,
            timeout=aiohttp.ClientTimeout(total=ANSWER_WITHIN_S),
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._opened is not None:
            await self._opened.close()

    @property
    def _http(self) -> aiohttp.ClientSession:
        if self._opened is None:
            raise RuntimeError("visitor: used outside of `async with`")
        return self._opened

    @property
    def server(self) -> str:
        """The path of this person's server."""
        return f"/user/{self.name}/"

    async def ask(self, method: str, path: str, **more: Any) -> aiohttp.ClientResponse:
        """Send one request and read the whole answer, whatever its status."""
        headers = dict(more.pop("headers", {}))
        if method not in ("GET", "HEAD"):
            headers.setdefault("X-XSRFToken", self._xsrf(path))
        async with self._http.request(
            method, f"{self.url}{path}", headers=headers, **more
        ) as answer:
            await answer.read()
        return answer

    def _xsrf(self, path: str) -> str:
        """Return the token that a form under `path` must bring."""
        cookies = self._http.cookie_jar.filter_cookies(URL(f"{self.url}{path}"))
        found = cookies.get("_xsrf")
        return found.value if found else ""

    async def log_in(self, login: str) -> str:
        """Sign in as one of the stand-in's people; return the hub's name of them.

        Parameters
        ----------
        login : str
            Ignored with a token, which says who one is.

        Raises
        ------
        NoStandIn
            This hub signs people in with the real GitHub.
        VisitFailed
            The person is refused.
        """
        if not self._token:
            await self._choose(login)
        me = await self.ask("GET", "/hub/api/user")
        if me.status != 200:
            raise VisitFailed(f"not logged in: {await words_of(me)}")
        self.name = str((await me.json())["name"])
        return self.name

    async def _choose(self, login: str) -> None:
        there = {"next": "/hub/home"}
        door = await self.ask(
            "GET", "/hub/oauth_login", params=there, allow_redirects=False
        )
        goal = door.headers.get("Location", "")
        if door.status != 302:
            raise VisitFailed(await words_of(door))
        if urlsplit(goal).netloc not in ("", urlsplit(self.url).netloc):
            raise NoStandIn(f"people sign in at {urlsplit(goal).netloc} here")
        form = dict(parse_qsl(urlsplit(goal).query)) | {"login": login}
        answer = await self.ask("POST", urlsplit(goal).path, data=form)
        if answer.status != 200:
            raise VisitFailed(await words_of(answer))

    async def accept_terms(self) -> None:
        """Accept the terms of use as the form does; once more does no harm.

        With a token nothing happens: the form is for who is logged in.
        """
        if self._token:
            return
        page = await (await self.ask("GET", "/hub/terms")).text()
        version = re.search(r'name="version" value="([^"]+)"', page)
        if version is None:
            return
        form = {"version": unescape(version[1]), "_xsrf": self._xsrf("/hub/terms")}
        answer = await self.ask("POST", "/hub/terms", data=form | {"next": "/hub/home"})
        if answer.status != 200:
            raise VisitFailed(await words_of(answer))

    async def start(self, options: Mapping[str, str] | None = None) -> int:
        """Start the server and wait until it is ready.

        Parameters
        ----------
        options : mapping of str to str, optional
            The choice of the start page, such as ``{"profile": "tiny"}``.

        Returns
        -------
        int
            How often the hub said that too many start at once, and was asked again.
        """
        place = f"/hub/api/users/{self.name}/server"
        again = 0
        while True:
            answer = await self.ask("POST", place, json=dict(options or {}))
            if answer.status != 429:
                break
            again += 1
            await asyncio.sleep(float(answer.headers.get("Retry-After", "5")))
        if answer.status not in (201, 202):
            raise VisitFailed(await words_of(answer))
        await self._until_ready(f"{place}/progress")
        return again

    async def _until_ready(self, place: str) -> None:
        patient = aiohttp.ClientTimeout(total=None, sock_read=ANSWER_WITHIN_S)
        async with self._http.get(f"{self.url}{place}", timeout=patient) as events:
            async for line in events.content:
                if not line.startswith(b"data:"):
                    continue
                told = json.loads(line[5:])
                if told.get("failed"):
                    raise VisitFailed(told.get("message", "the start failed"))
                if told.get("ready"):
                    return
        if not (await self.servers()).get("", {}).get("ready"):
            raise VisitFailed("the hub stopped telling about the start")

    async def servers(self) -> dict[str, Any]:
        """Return what the hub says of this person's servers."""
        answer = await self.ask("GET", f"/hub/api/users/{self.name}")
        if answer.status != 200:
            raise VisitFailed(await words_of(answer))
        found: dict[str, Any] = (await answer.json())["servers"]
        return found

    async def stop(self) -> None:
        """Stop the server, and wait until it is gone; nothing where there is none."""
        while "" in (servers := await self.servers()):
            if not servers[""].get("pending"):
                place = f"/hub/api/users/{self.name}/server"
                answer = await self.ask("DELETE", place)
                if answer.status not in (202, 204, 400, 404):
                    raise VisitFailed(await words_of(answer))
            await asyncio.sleep(_ASK_AGAIN_S)
        self._kernel = ""

    async def start_kernel(self) -> None:
        """Start a Python kernel on the server."""
        lab = await self.ask("GET", f"{self.server}lab")
        if lab.status != 200:
            raise VisitFailed(await words_of(lab))
        answer = await self.ask(
            "POST", f"{self.server}api/kernels", json={"name": "python3"}
        )
        if answer.status != 201:
            raise VisitFailed(await words_of(answer))
        self._kernel = str((await answer.json())["id"])

    async def run(self, code: str) -> Output:
        """Run one cell in the kernel, as a notebook does, and wait for its end."""
        if not self._kernel:
            await self.start_kernel()
        place = f"{self.server}api/kernels/{self._kernel}/channels"
        async with self._http.ws_connect(
            f"{self.url}{place}", origin=self.url, max_msg_size=0
        ) as channel:
            return await _execute(channel, code)


async def _execute(channel: aiohttp.ClientWebSocketResponse, code: str) -> Output:
    message = request(code)
    await channel.send_json(message)
    output, missing = Output(), {"execute_reply", "idle"}
    async for received in channel:
        if received.type is not aiohttp.WSMsgType.TEXT:
            continue
        got = json.loads(received.data)
        if got["parent_header"].get("msg_id") != message["header"]["msg_id"]:
            continue
        output.take(got["msg_type"], got["content"])
        missing -= {got["msg_type"], got["content"].get("execution_state")}
        if not missing:
            return output
    raise VisitFailed("the kernel's connection was closed")


async def words_of(answer: aiohttp.ClientResponse) -> str:
    """Return what an answer that refuses says: its message, or its page's heading."""
    text = await answer.text(errors="replace")
    try:
        said = json.loads(text).get("message", "")
    except (ValueError, AttributeError):
        heading = re.search(r"<h1[^>]*>(.*?)</h1>", text, re.DOTALL)
        said = unescape(re.sub(r"<[^>]+>", "", heading[1])).strip() if heading else ""
    return said or f"HTTP {answer.status} {answer.reason}"
