"""A TCP relay in front of anything: ok, refuse, hang, slow, cut.

It listens on the loopback address only and carries on to a loopback port.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket


class Relay:
    """TCP in front of a server, which can be taken away."""

    def __init__(self) -> None:
        self.port = 0
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._closed = socket.socket()
        self._swallow = False
        self._swallowed = 0
        self._delay_s = 0.0
        self._cut_after_bytes: int | None = None

    async def start(self, target: int) -> None:
        self._target = target
        await self.open()

    async def open(self) -> None:
        """Let connections through (again)."""
        self._swallow = False
        self._delay_s = 0.0
        self._cut_after_bytes = None
        self._closed.close()
        if self._server is None:
            self._server = await asyncio.start_server(
                self._carry, "127.0.0.1", self.port, reuse_address=True
            )
            self.port = self._server.sockets[0].getsockname()[1]
        else:
            self._cut()

    async def refuse(self) -> None:
        """Cut what is open, refuse what is new."""
        if self._server:
            self._server.close()
            self._server = None
            # Bound without listening: refused, and nobody else gets the port.
            self._closed = socket.socket()
            self._closed.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self._closed.bind(("127.0.0.1", self.port))
        self._cut()

    async def close(self) -> None:
        await self.refuse()
        self._closed.close()

    def hang(self) -> None:
        """Cut what is open; accept what is new and never answer."""
        self._swallow = True
        self._cut()

    def slow(self, delay_s: float) -> None:
        """Let each piece of an answer wait."""
        self._delay_s = delay_s

    def cut(self, after_bytes: int) -> None:
        """Close each connection once so much of its answer has come through."""
        self._cut_after_bytes = after_bytes

    async def swallowed(self, connections: int) -> None:
        """Wait until that many connections got no answer."""
        async with asyncio.timeout(60):
            while self._swallowed < connections:
                await asyncio.sleep(0.02)

    def _cut(self) -> None:
        for writer in list(self._writers):
            writer.transport.abort()

    async def _carry(self, reader, writer) -> None:
        self._writers.add(writer)
        with contextlib.suppress(OSError):
            if self._swallow:
                self._swallowed += 1
                await reader.read()
            else:
                await self._pump_both(reader, writer)
        self._writers.discard(writer)
        writer.close()

    async def _pump_both(self, reader, writer) -> None:
        back_reader, back_writer = await asyncio.open_connection(
            "127.0.0.1", self._target
        )
        self._writers.add(back_writer)
        await asyncio.gather(
            _pump(reader, back_writer), self._answer(back_reader, writer)
        )
        self._writers.discard(back_writer)

    async def _answer(self, reader, writer) -> None:
        """Carry what comes back, spoilt as the switch says."""
        carried = 0
        with contextlib.suppress(OSError):
            while data := await reader.read(65536):
                await asyncio.sleep(self._delay_s)
                if self._cut_after_bytes is not None:
                    data = data[: max(0, self._cut_after_bytes - carried)]
                carried += len(data)
                writer.write(data)
                await writer.drain()
                if self._cut_after_bytes is not None and (
                    carried >= self._cut_after_bytes
                ):
                    break
        writer.close()


async def _pump(reader, writer) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    writer.close()
