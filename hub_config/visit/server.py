"""A user server as its owner's browser sees it: a kernel, and cells that run there."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .browser import CouldNotAsk, VisitFailed, Visitor
from .messages import Output, request

if TYPE_CHECKING:
    from websocket import WebSocket


@dataclass
class Server:
    """One running user server.

    Parameters
    ----------
    visitor : Visitor
        Its owner, logged in.
    name : str
        The hub's name of the owner.
    """

    visitor: Visitor
    name: str
    kernel: str = field(default="", init=False)
    url: str = field(default="", init=False)

    def __post_init__(self) -> None:
        self.url = f"/user/{self.name}/"

    @property
    def headers(self) -> dict[str, str]:
        """What a request that changes something must bring."""
        for cookie in self.visitor.cookies.jar:
            if cookie.name == "_xsrf" and cookie.path == f"/user/{self.name}/":
                return {"X-XSRFToken": cookie.value or ""}
        return {}

    def get(self, path: str) -> Any:
        """Return a page or an answer of the server."""
        return self.visitor.get(f"{self.url}{path}")

    def start_kernel(self) -> None:
        """Open Lab, which sets the server's own cookies, and start a kernel.

        Raises
        ------
        VisitFailed
            The server starts none.
        """
        # With subdomains its own address: the hub leads people there, no programs.
        self.url = self.visitor.server_of(self.name).get("url") or self.url
        page = self.get("lab")
        if page.url.host != self.visitor.base_url.host:
            # Each server has a subdomain of its own.
            self.url = str(page.url.copy_with(path=f"/user/{self.name}/", query=None))
        answer = self.visitor.post(
            f"{self.url}api/kernels", json={"name": "python3"}, headers=self.headers
        )
        if answer.status_code != 201:
            raise VisitFailed(f"no kernel: HTTP {answer.status_code}")
        self.kernel = answer.json()["id"]

    @contextmanager
    def channel(self, timeout_s: float = 60) -> Iterator[WebSocket]:
        """Hold the connection to the kernel that a notebook holds.

        Raises
        ------
        CouldNotAsk
            The client for websockets is not installed.
        """
        try:
            import websocket
        except ImportError:
            raise CouldNotAsk(
                "websocket-client is not installed; pip install 'archive-hub[operate]'"
            ) from None
        if not self.kernel:
            self.start_kernel()
        sent = self.visitor.build_request(
            "GET", f"{self.url}api/kernels/{self.kernel}/channels"
        )
        channel = websocket.create_connection(
            str(sent.url).replace("http", "ws", 1),
            cookie=sent.headers.get("Cookie", ""),
            header=self.visitor.authorization(sent.url),
            origin=f"{sent.url.scheme}://{sent.url.netloc.decode()}",
            timeout=timeout_s,
        )
        try:
            yield channel
        finally:
            channel.close()

    def run(self, code: str, timeout_s: float = 120) -> Output:
        """Run one cell and wait for it, as a notebook does.

        Raises
        ------
        VisitFailed
            The kernel ends the connection, or the cell takes too long.
        """
        with self.channel(timeout_s) as channel:
            return execute(channel, code, timeout_s)

    def status(self) -> dict[str, Any]:
        """Return the hub's list of the owner's servers."""
        found = self.visitor.server_of(self.name)
        return {"": found} if found else {}

    def stop(self) -> None:
        """Stop it, and wait until it is gone."""
        self.visitor.stop_server(self.name)


def execute(channel: WebSocket, code: str, timeout_s: float = 60) -> Output:
    """Run one cell; return when it has replied and the kernel is idle.

    Parameters
    ----------
    channel : websocket.WebSocket
        Of `Server.channel`.
    code : str
        The cell.
    timeout_s : float
        For how long.

    Raises
    ------
    VisitFailed
        The kernel ends the connection, or the cell takes too long.
    """
    from websocket import WebSocketException

    message = request(code)
    number = message["header"]["msg_id"]
    channel.send(json.dumps(message))
    output, deadline, idle = Output(), time.monotonic() + timeout_s, False
    try:
        while time.monotonic() < deadline:
            received = json.loads(channel.recv())
            if received["parent_header"].get("msg_id") != number:
                continue
            output.take(received["msg_type"], received["content"])
            idle = idle or received["content"].get("execution_state") == "idle"
            if idle and output.status:
                return output
    except (WebSocketException, OSError, ValueError) as error:
        raise VisitFailed(f"no end of the cell: {error}; so far: {output}") from None
    raise VisitFailed(f"no end of the cell after {timeout_s:g} s; so far: {output}")
