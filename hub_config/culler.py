"""The idle culler, which ends no server by a clock that is not to be trusted.

It compares its own clock with times that others wrote down.  After the clock jumped, a
machine slept, or the hub was away for long, every server looks idle until it reports
anew.  So nothing is ended before the clock has gone on steadily for a while, and while
the hub says that its clock is wrong (`probes`).
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Any

import httpx
import jupyterhub_idle_culler
from tornado.ioloop import IOLoop

from .certificates import trusted

# Far above what a clock is slewed between two looks, far below what idle means.
JUMP_S = 60


class Steady:
    """How long the clock has gone on as time does.

    Parameters
    ----------
    wall, steady : callable
        Seconds by the clock, and seconds that never jump.
    """

    def __init__(
        self,
        wall: Callable[[], float] = time.time,
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        self._wall, self._steady = wall, steady
        self._since_s = steady()
        self._offset_s = wall() - self._since_s

    def for_s(self) -> float:
        """Return for how many seconds, as far as looks tell."""
        now_s = self._steady()
        offset_s = self._wall() - now_s
        if abs(offset_s - self._offset_s) > JUMP_S:
            self._since_s = now_s
        self._offset_s = offset_s
        return now_s - self._since_s


async def said_of_clock(api_url: str) -> str:
    """Return what the hub says is wrong with its clock; nothing if it cannot say.

    Parameters
    ----------
    api_url : str
        The hub's API.
    """
    try:
        async with httpx.AsyncClient(timeout=20, verify=trusted()) as client:
            answer = await client.get(f"{api_url.removesuffix('/api')}/health/parts")
        sign = answer.json()["clock"]
        return "" if sign["ok"] else str(sign["says"])
    except (httpx.HTTPError, ValueError, KeyError, TypeError):
        return ""


def main(patience_s: float) -> None:
    """Run the culler; its own options follow in ``sys.argv``.

    Parameters
    ----------
    patience_s : float
        How long the clock must have been steady; every server reports in that time.
    """
    stock, clock = jupyterhub_idle_culler.cull_idle, Steady()

    async def cull_idle(*, url: str, logger: Any, **more: Any) -> None:
        steady_s = clock.for_s()
        if steady_s < patience_s:
            logger.info(
                "Ending no server: the clock is steady for %.0f of %.0f s",
                *(steady_s, patience_s),
            )
        elif says := await said_of_clock(url):
            logger.warning("Ending no server: the clock is wrong: %s", says)
        else:
            await stock(url=url, logger=logger, **more)

    jupyterhub_idle_culler.cull_idle = cull_idle
    # Tornado plans the next look by the clock: set back by an hour, it waits an hour.
    setattr(IOLoop, "time", lambda _: time.monotonic())  # noqa: B010
    jupyterhub_idle_culler.main()


if __name__ == "__main__":
    main(float(sys.argv.pop(1)))
