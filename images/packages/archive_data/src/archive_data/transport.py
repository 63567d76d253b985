"""Sends one range request and lets the body land where it is wanted.

The standard library's HTTP client reads from the socket straight into the caller's
buffer; the usual libraries copy each byte twice on the way.  What an answer means is
decided in `blob`.
"""

from __future__ import annotations

import http.client
import os
import ssl
import threading
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.message import Message
from functools import lru_cache
from urllib.parse import SplitResult, urlsplit
from urllib.request import getproxies, proxy_bypass

CONNECT_TIMEOUT_S, READ_TIMEOUT_S = 10, 30

#: S3 closes a connection that was idle for some 20 s; an older one is not worth the
#: try.
_IDLE_MAX_S = 15.0

#: How much of a refusal's body is kept for the message.
_BODY_MAX_BYTES = 2048

#: What a connection raises when the peer has gone; each of them may be tried again.
BROKEN = (OSError, http.client.HTTPException)


@dataclass
class Answer:
    """What came back: the head, and how much of the body reached the buffer."""

    status: int
    headers: Message
    received: int = 0
    text: str = ""


@dataclass
class _Idle:
    connection: http.client.HTTPConnection
    since: float = field(default_factory=time.monotonic)


class Transport:
    """Keep-alive connections to any number of hosts; safe to use from many threads.

    It takes no lock: `deque.append` and `pop` are atomic.
    """

    def __init__(self) -> None:
        self._idle: dict[tuple[str, str], deque[_Idle]] = {}

    def get(
        self, url: str, headers: Mapping[str, str], into: memoryview | None = None
    ) -> Answer:
        """Send a GET and read its body.

        Parameters
        ----------
        url : str
            An ``http`` or ``https`` address.
        headers : mapping
            Sent as they are.
        into : memoryview, optional
            Where the body of a 206 goes.  Other bodies, and all without `into`, become
            `text` (the first two kilobytes).

        Raises
        ------
        OSError, http.client.HTTPException
            The connection could not be made, or broke before the head arrived.
        """
        parts = split(url)
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        connection, response = self._exchange(parts, target, headers)
        answer = Answer(response.status, response.headers)
        try:
            if into is not None and response.status == 206:
                answer.received = _fill(response, into)
            else:
                answer.text = response.read(_BODY_MAX_BYTES).decode("utf-8", "replace")
        except BROKEN:
            connection.close()
            return answer
        if response.isclosed() and not response.will_close:
            self._idle[parts.scheme, parts.netloc].append(_Idle(connection))
        else:
            connection.close()
        return answer

    def _exchange(
        self, parts: SplitResult, target: str, headers: Mapping[str, str]
    ) -> tuple[http.client.HTTPConnection, http.client.HTTPResponse]:
        """Send the head on a kept connection, or on a new one if that is gone."""
        kept = self._idle.setdefault((parts.scheme, parts.netloc), deque())
        while True:
            try:
                idle = kept.pop()
            except IndexError:
                break
            if time.monotonic() - idle.since < _IDLE_MAX_S:
                try:
                    return _send(idle.connection, target, headers)
                except (http.client.RemoteDisconnected, ConnectionError):
                    pass
            idle.connection.close()
        return _send(_connect(parts), target, headers)

    def __del__(self) -> None:
        self.close()

    def close(self) -> None:
        """Close the idle connections."""
        for kept in self._idle.values():
            while kept:
                kept.pop().connection.close()


def _send(
    connection: http.client.HTTPConnection, target: str, headers: Mapping[str, str]
) -> tuple[http.client.HTTPConnection, http.client.HTTPResponse]:
    try:
        connection.request("GET", target, headers=dict(headers))
        return connection, connection.getresponse()
    except BaseException:
        connection.close()
        raise


def _fill(response: http.client.HTTPResponse, into: memoryview) -> int:
    at = 0
    while at < len(into):
        n = response.readinto(into[at:])
        if not n:
            break
        at += n
    return at


@lru_cache(maxsize=64)
def split(url: str) -> SplitResult:
    """Split a URL; remembered, since one URL is read many times."""
    return urlsplit(url)


@lru_cache(maxsize=1)
def _tls() -> ssl.SSLContext:
    return ssl.create_default_context()


@lru_cache(maxsize=64)
def _proxy(scheme: str, host: str, given: tuple[str | None, ...]) -> str | None:
    """Return the proxy for a host: to ask takes longer than to connect.

    `given` are the variables it rests on; where they change it is asked again.
    """
    return None if proxy_bypass(host) else getproxies().get(scheme)


def _connect(parts: SplitResult) -> http.client.HTTPConnection:
    host = parts.hostname or ""
    names = (f"{parts.scheme}_proxy", f"{parts.scheme}_proxy".upper())
    given = tuple(map(os.environ.get, (*names, "no_proxy", "NO_PROXY")))
    proxy = _proxy(parts.scheme, host, given)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    at = urlsplit(proxy) if proxy else None
    address = (at.hostname or "", at.port) if at else (host, port)
    connection: http.client.HTTPConnection
    if parts.scheme == "https":
        connection = http.client.HTTPSConnection(
            address[0], address[1], timeout=CONNECT_TIMEOUT_S, context=_tls()
        )
    else:
        connection = http.client.HTTPConnection(*address, timeout=CONNECT_TIMEOUT_S)
    if at:
        connection.set_tunnel(host, port)
    connection.connect()
    connection.sock.settimeout(READ_TIMEOUT_S)
    return connection


class _OfThread(threading.local):
    def __init__(self) -> None:
        self.transport = Transport()


_shared = Transport()
_alone = _OfThread()


def shared() -> Transport:
    """Return the connections that all fetching threads use."""
    return _shared


def alone() -> Transport:
    """Return the connections of the calling thread, which no other one ever touches."""
    return _alone.transport


def _after_fork() -> None:
    # The sockets belong to the parent as well: they are left, not closed with a
    # goodbye.
    global _shared, _alone
    _shared, _alone = Transport(), _OfThread()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
