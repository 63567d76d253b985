"""What the canary says when it has been, and the part of the hub's health made of it.

The part `canary` is ill while the last word was bad, or when it has not come for long.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

from jupyterhub.apihandlers.base import APIHandler
from tornado import web

from .canary import KINDS, SERVICE
from .vitals import Ill, Part

LONGEST_STEP = 60
MEANS = (
    "Our own try of this hub failed just now: something may not work. "
    "The people who run it are told."
)


class Canary:
    """What the canary said last.

    Parameters
    ----------
    app : jupyterhub.app.JupyterHub
        The hub; its service says after how long the canary is missed.
    clock : callable
        Returns seconds.
    """

    def __init__(self, app: Any, clock: Callable[[], float] = time.monotonic) -> None:
        services = {one.get("name"): one for one in app.services}
        info = services.get(SERVICE, {}).get("info", {})
        self.missed_after_s = float(info.get("missed_after_s", 0))
        self.part = Part(self.probe, MEANS)
        self._clock = clock
        # As if it had come when the hub started: it has not had time to.
        self._heard_s = clock()
        self._failed: dict[str, str] = {}

    @property
    def is_expected(self) -> bool:
        """Whether a canary comes here by itself."""
        return self.missed_after_s > 0

    def hear(self, kind: str, failed: str) -> None:
        """Note how it went: which step failed, or none."""
        self._heard_s = self._clock()
        self._failed[kind] = failed

    async def probe(self) -> None:
        """Raise if the last word was bad, or is old."""
        if bad := [f"{kind}: {step}" for kind, step in self._failed.items() if step]:
            raise Ill("failed at " + ", ".join(bad))
        silent_s = self._clock() - self._heard_s
        if silent_s > self.missed_after_s:
            raise Ill(f"has not come for {silent_s / 60:.0f} minutes")


class CanaryHandler(APIHandler):  # type: ignore[misc]
    """Takes the canary's word: ``{kind, failed}``; from nobody else."""

    def initialize(self, canary: Canary) -> None:
        """Take the listener from the route."""
        self._canary = canary

    def post(self) -> None:
        """Note it."""
        # A person's name never looks like that.
        if getattr(self.current_user, "name", "") != SERVICE:
            raise web.HTTPError(403, "only the canary tells how it went")
        try:
            word = json.loads(self.request.body)
            kind, failed = word["kind"], word["failed"]
        except (ValueError, KeyError, TypeError):
            raise web.HTTPError(400, "give {kind, failed}") from None
        if kind not in KINDS or not isinstance(failed, str):
            raise web.HTTPError(400, f"kind is one of {', '.join(KINDS)}")
        shown = "".join(one for one in failed if one.isprintable())
        self._canary.hear(kind, shown[:LONGEST_STEP])
        self.set_status(204)
