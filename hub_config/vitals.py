"""Which parts of the hub work, asked every few seconds and told by name.

JupyterHub's own ``/hub/health`` says 200 as long as its process answers, also while its
disk is full and every login fails.  Here each part is tried for itself: the page
``/hub/health/parts`` and the gauge ``archive_hub_part_up`` say which is ill, and the
pages tell people what that means for them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from logging import Logger
from typing import Any

from jupyterhub.handlers import BaseHandler
from prometheus_client import Gauge
from tornado.ioloop import PeriodicCallback

LOOK_EVERY_S = 15.0
TIMEOUT_S = 5.0
UP = Gauge("archive_hub_part_up", "1 while a part of the hub works, else 0.", ["part"])


class Ill(Exception):
    """A part does not work; the text is one short clause without addresses."""


@dataclass(frozen=True)
class Part:
    """Something that the hub needs.

    Parameters
    ----------
    probe : callable
        Awaited without arguments; raises `Ill`, or anything else, if it does not work.
    means : str
        What people notice while it is ill, in a sentence.
    """

    probe: Callable[[], Awaitable[object]]
    means: str


@dataclass(frozen=True)
class Sign:
    """What the last look at a part said.

    Parameters
    ----------
    ok : bool
        Whether it works.
    says : str
        Why not; empty if it works.
    since : datetime
        When it began to be so; aware.
    """

    ok: bool
    says: str
    since: datetime


class Vitals:
    """Looks at every part again and again.

    Parameters
    ----------
    parts : mapping of str to Part
        By name: lower case, words joined by ``-``.
    log : logging.Logger
        Gets a line when a part falls ill and when it is well again.
    timeout_s : float
        How long a part may take to answer, in seconds.
    """

    def __init__(
        self, parts: Mapping[str, Part], log: Logger, timeout_s: float = TIMEOUT_S
    ) -> None:
        self.parts = dict(parts)
        self.signs: dict[str, Sign] = {}
        self._log = log
        self._timeout_s = timeout_s
        self._asking: dict[str, asyncio.Future[object]] = {}
        self._timer: PeriodicCallback | None = None

    def start(self) -> None:
        """Begin; the event loop must run."""
        self._timer = PeriodicCallback(self.look, 1000 * LOOK_EVERY_S)
        self._timer.start()

    async def look(self) -> None:
        """Look at all parts at once."""
        said = await asyncio.gather(*map(self._ask, self.parts))
        for name, says in zip(self.parts, said, strict=True):
            self._note(name, says)

    async def _ask(self, name: str) -> str:
        """Return what is wrong with a part, or nothing."""
        # A probe that hangs is not asked a second time: hanging threads would pile up.
        asking = self._asking.get(name)
        if asking is None or asking.done():
            asking = asyncio.ensure_future(self.parts[name].probe())
            self._asking[name] = asking
        done, _ = await asyncio.wait([asking], timeout=self._timeout_s)
        if not done:
            return f"no answer in {self._timeout_s:g} s"
        error = asking.exception()
        if error is None:
            return ""
        return str(error) if isinstance(error, Ill) else type(error).__name__

    def _note(self, name: str, says: str) -> None:
        UP.labels(part=name).set(not says)
        before = self.signs.get(name)
        if before is None or before.ok == bool(says):
            self.signs[name] = Sign(not says, says, datetime.now(UTC))
            if says:
                self._log.error("health: %s is ill: %s", name, says)
            elif before:
                self._log.warning("health: %s is well again", name)
        elif says != before.says:
            self.signs[name] = replace(before, says=says)

    @property
    def ill(self) -> dict[str, Sign]:
        """The parts that do not work."""
        return {name: sign for name, sign in self.signs.items() if not sign.ok}

    def troubles(self) -> list[str]:
        """Return what people notice now, a sentence each; parts may share one."""
        return list(dict.fromkeys(self.parts[name].means for name in self.ill))


class PartsHandler(BaseHandler):  # type: ignore[misc]
    """Tells every part's sign: 200 if all work, else 503.  Needs no login."""

    def initialize(self, vitals: Vitals) -> None:
        """Take the looker from the route."""
        self._vitals = vitals

    async def get(self) -> None:
        """Answer ``{part: {ok, says, since}}``."""
        if not self._vitals.signs:
            await self._vitals.look()
        told: dict[str, Any] = {
            name: {
                "ok": sign.ok,
                "says": sign.says,
                "since": sign.since.isoformat(timespec="seconds"),
            }
            for name, sign in sorted(self._vitals.signs.items())
        }
        self.set_status(503 if self._vitals.ill else 200)
        self.set_header("Content-Type", "application/json")
        self.set_header("Cache-Control", "no-store")
        self.finish(told)
