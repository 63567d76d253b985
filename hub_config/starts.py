"""What the hub knows about starts: how long they take, and why one failed, in words."""

from __future__ import annotations

import asyncio
import re
import time
from collections import defaultdict, deque
from dataclasses import dataclass
from statistics import median
from typing import Any

from prometheus_client import Counter, Histogram
from tornado import web

_KEPT = 20
_AGAIN = (
    "Start it again.",
    "If that fails too, choose a smaller size.",
    "If nothing helps, write to the support address below and say when it happened.",
)


START_SECONDS = Histogram(
    "archive_hub_start_seconds",
    "From the click to the server's first answer, of starts that succeeded.",
    ["profile"],
    buckets=(1, 2, 5, 10, 20, 30, 60, 120, 240, 600),
)
STARTS_FAILED = Counter("archive_hub_starts_failed", "Starts that failed.", ["profile"])


class StartFailed(Exception):
    """A server could not be started; the text is for the person who waits for it."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        # JupyterHub shows this attribute on the page of the failed start.
        self.jupyterhub_message = message


@dataclass(frozen=True)
class Failure:
    """A failed start, for the person.

    Parameters
    ----------
    happened : str
        What is known, without names of exceptions.
    todo : tuple of str
        What to do, in order.
    """

    happened: str
    todo: tuple[str, ...] = _AGAIN


class Waits:
    """How long the last starts took, by profile; kept while the hub runs."""

    def __init__(self) -> None:
        self._seconds: dict[str, deque[float]] = defaultdict(
            lambda: deque(maxlen=_KEPT)
        )

    def note(self, profile: str, seconds: float) -> None:
        """Remember one start that succeeded."""
        self._seconds[profile].append(seconds)

    def text(self, profile: str) -> str:
        """Return ``about 7 seconds``, or nothing before the first start."""
        took = self._seconds.get(profile)
        return f"about {duration_text(median(took))}" if took else ""


def duration_text(seconds: float) -> str:
    """Return `seconds` in words: seconds up to a minute and a half, then minutes."""
    if seconds < 90:
        count, unit = max(1, round(seconds)), "second"
    else:
        count, unit = round(seconds / 60), "minute"
    return f"{count} {unit}{'s' * (count != 1)}"


def watch(spawner: Any, waits: Waits, profile: str) -> None:
    """Note how long the start that begins now takes, or that it fails."""
    future: asyncio.Future[Any] | None = spawner._spawn_future
    if future is None:
        return
    began_s = time.monotonic()

    def ended(done: asyncio.Future[Any]) -> None:
        if done.cancelled():
            return
        if done.exception() is not None:
            STARTS_FAILED.labels(profile=profile).inc()
            return
        seconds = time.monotonic() - began_s
        waits.note(profile, seconds)
        START_SECONDS.labels(profile=profile).observe(seconds)

    future.add_done_callback(ended)


def explain(error: BaseException | None) -> Failure:
    """Return what a person reads about the exception that ended a start."""
    message = getattr(error, "jupyterhub_message", "")
    if message:
        return Failure(str(message))
    if isinstance(error, TimeoutError):
        return Failure("The server was started, but did not answer in time.")
    if isinstance(error, web.HTTPError) and error.status_code < 500:
        return Failure(_inner_words(str(error)) or _UNKNOWN)
    return Failure(_UNKNOWN)


def explain_refusal(spawner: Any, message: str) -> Failure:
    """Return what the start page says above the sizes after a start went wrong.

    Parameters
    ----------
    spawner : jupyterhub.spawner.Spawner
        Its last start may have failed; then that is the reason.
    message : str
        What JupyterHub would show.
    """
    future = spawner._spawn_future
    error = future.exception() if spawner._failed and future is not None else None
    # An older failure is not the reason for a refusal of now.
    said = getattr(error, "jupyterhub_message", None)
    if error is not None and (said == message or message.startswith("HTTP 5")):
        return explain(error)
    if message.startswith("HTTP 5"):
        return Failure(_UNKNOWN)
    return Failure(_inner_words(message) or _UNKNOWN, ())


_UNKNOWN = (
    "The server could not be started. The operator finds the reason in the hub's log."
)


def _inner_words(message: str) -> str:
    """Return `message` without the ``HTTP 429: Too Many Requests (…)`` around it."""
    found = re.fullmatch(r"HTTP \d+: [^(]*(?:\((.*)\))?", message, re.DOTALL)
    return (found[1] or "") if found else message
