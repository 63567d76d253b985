"""The way through the tutorial, step by step, and what is remembered of it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from ..visit.browser import VisitFailed
from .people import Walker
from .visitor import Visitor, words_of

# How long one person may take for a step, in seconds.
LIMITS_S = {"log in": 60, "terms": 60, "start": 900, "notebook": 900, "stop": 180}
STEPS = tuple(LIMITS_S)
_TUTORIALS_WITHIN_S = 60
Tell = Callable[[str, "Went"], None]


@dataclass
class Went:
    """How it went for one person.

    Attributes
    ----------
    who : str
        The walker's label.
    took_s : dict of str to float
        Seconds of each step that was begun, the failed one included.
    failed, why : str
        The first step that did not succeed, and the reason.
    asked_again : int
        How often the hub said that too many start at once.
    left_running : bool
        The server could not be stopped.
    """

    who: str
    took_s: dict[str, float] = field(default_factory=dict)
    failed: str = ""
    why: str = ""
    asked_again: int = 0
    left_running: bool = False

    def passed(self, step: str) -> bool:
        """Whether this person did `step`."""
        return step in self.took_s and step != self.failed


@dataclass(frozen=True)
class Tour:
    """What everybody does.

    Parameters
    ----------
    url : str
        The hub.
    notebook : str
        Name of a file among the tutorials.
    profile : str
        Size of server; empty: the start page's default.
    """

    url: str
    notebook: str
    profile: str = ""


async def walk_all(walkers: Sequence[Walker], tour: Tour, tell: Tell) -> list[Went]:
    """Let all walk at the same time.

    Cancelled, it still stops every server that was started.

    Parameters
    ----------
    walkers : sequence of Walker
        Who walks.
    tour : Tour
        What they do.
    tell : callable
        Called at the end of each step, with its name.
    """
    went = [Went(walker.label) for walker in walkers]
    async with asyncio.TaskGroup() as group:
        for walker, one in zip(walkers, went, strict=True):
            group.create_task(_walk(walker, tour, one, tell))
    return went


async def _walk(walker: Walker, tour: Tour, went: Went, tell: Tell) -> None:
    async with Visitor(tour.url, walker.token) as visitor:
        do = _Stepper(went, tell)
        try:
            if not await do.step("log in", visitor.log_in(walker.login)):
                return
            await do.step("terms", visitor.accept_terms())
            await do.step("start", _start(visitor, tour, went))
            await do.step("notebook", _run_notebook(visitor, tour.notebook))
        finally:
            # Also when interrupted: nothing is left running.
            if "start" in went.took_s or do.current == "start":
                await do.last("stop", visitor.stop())


class _Stepper:
    """Does one step after the other until one fails."""

    def __init__(self, went: Went, tell: Tell) -> None:
        self.went = went
        self.current = ""
        self._tell = tell

    async def step(self, name: str, work: Awaitable[Any]) -> bool:
        """Do a step unless one before it failed; return whether it succeeded."""
        if self.went.failed:
            _drop(work)
            return False
        return not await self._do(name, work)

    async def last(self, name: str, work: Awaitable[Any]) -> None:
        """Do a step whatever happened before."""
        self.went.left_running = bool(await self._do(name, work))

    async def _do(self, name: str, work: Awaitable[Any]) -> str:
        began_s = time.monotonic()
        self.current = name
        why = ""
        try:
            async with asyncio.timeout(LIMITS_S[name]):
                await work
        except VisitFailed as error:
            why = str(error)
        except TimeoutError:
            why = f"no end after {LIMITS_S[name]} s"
        except (aiohttp.ClientError, OSError) as error:
            why = f"the hub cannot be reached: {error or type(error).__name__}"
        self.went.took_s[name] = time.monotonic() - began_s
        if why and not self.went.failed:
            self.went.failed, self.went.why = name, why
        self._tell(name, self.went)
        return why


def _drop(work: Awaitable[Any]) -> None:
    close = getattr(work, "close", None)
    if close is not None:
        close()


async def _start(visitor: Visitor, tour: Tour, went: Went) -> None:
    # One from a rehearsal that was killed would be somebody else's size.
    await visitor.stop()
    choice = {"profile": tour.profile} if tour.profile else {}
    went.asked_again = await visitor.start(choice)


async def _run_notebook(visitor: Visitor, name: str) -> None:
    cells = await _cells(visitor, name)
    for place, code in cells:
        ran = await visitor.run(code)
        if ran.error:
            raise VisitFailed(f"cell {place}: {ran.error}")


async def _cells(visitor: Visitor, name: str) -> list[tuple[int, str]]:
    """Read the notebook from the server; it copies the tutorials once it answers."""
    await visitor.start_kernel()
    deadline_s = time.monotonic() + _TUTORIALS_WITHIN_S
    place = f"{visitor.server}api/contents/tutorials/{name}"
    while (answer := await visitor.ask("GET", place)).status == 404:
        if time.monotonic() > deadline_s:
            raise VisitFailed(f"tutorials/{name}: not on the server")
        await asyncio.sleep(0.5)
    if answer.status != 200:
        raise VisitFailed(f"tutorials/{name}: {await words_of(answer)}")
    cells = (await answer.json())["content"]["cells"]
    numbered = enumerate(cells, start=1)
    return [(n, one["source"]) for n, one in numbered if one["cell_type"] == "code"]
