"""What the hub does every few seconds goes by a clock that nobody sets.

Tornado plans by the wall clock, JupyterHub's own regular work and ours alike: with the
clock set back by an hour nothing is looked at for an hour.
"""

from __future__ import annotations

import asyncio

from tornado.ioloop import IOLoop


def plan_by_steady_clock() -> None:
    """Let the event loop that runs now tell Tornado the time that it goes by itself.

    Has to come before anything regular is begun.  Does nothing where no loop runs.
    Tornado says of the figure only that it counts "from an unspecified time".
    """
    try:
        running = asyncio.get_running_loop()
    except RuntimeError:
        return
    setattr(IOLoop.current(), "time", running.time)  # noqa: B010 - mypy: a method
