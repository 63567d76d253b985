"""KubeSpawner's view of the cluster, kept up through an outage of the Kubernetes API.

KubeSpawner's own reflectors give up for good after 51 s of failed lists, and a first
list that fails leaves an empty view that reads like "every server is gone".  Here a
list is asked for until it is answered, what was known stays known meanwhile, and
`loaded` tells an empty cluster from one that has not answered yet.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

from kubernetes_asyncio.client import VersionApi
from kubespawner.reflector import ResourceReflector
from kubespawner.spawner import EventReflector, PodReflector
from traitlets import Float, Int


class PatientReflector(ResourceReflector):  # type: ignore[misc]
    """A reflector that never gives up and never forgets.  Base of the two below."""

    longest_wait_s = Float(
        5.0,
        config=True,
        help="""
        Longest pause, in seconds, between two tries to list while the API is away.

        A start succeeds at most this long after the API is back.
        """,
    )

    request_timeout = Int(
        20,
        config=True,
        help="""
        How long a silent connection is believed, in seconds.

        Above `timeout_seconds`, after which a healthy API ends a watch by itself.
        """,
    )

    last_error: str = ""
    watch_task: asyncio.Task[None] | None

    @property
    def loaded(self) -> bool:
        """Whether the API has answered a list since this process started."""
        return bool(self.first_load_future.done())

    async def first_list(self, within_s: float) -> bool:
        """Wait until `loaded`, at most so many seconds; return whether it is."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                await asyncio.shield(self.first_load_future)
        return self.loaded

    async def ask_api(self, within_s: float) -> None:
        """Ask the API something small.

        A watch that is silent is an API that has nothing to say, or one that hangs:
        only a question tells.

        Parameters
        ----------
        within_s : float
            How long to wait for an answer, in seconds.

        Raises
        ------
        Exception
            It did not answer, or with an error.
        """
        version = VersionApi(self.api.api_client)
        await version.get_code(_request_timeout=within_s)

    async def start(self) -> None:
        """Begin to watch; unlike the base class, do not wait for the first list.

        A hub that starts while the API is away must come up and keep its servers.
        """
        if not self.watch_task or self.watch_task.done():
            self.watch_task = asyncio.create_task(self._watch_and_update())

    async def refresh(self) -> None:
        """List and watch anew, keeping what is known until the list is there."""
        if self.watch_task and not self.watch_task.done():
            self.watch_task.cancel()
            await asyncio.wait([self.watch_task])
        await self.start()

    async def _list_and_update(self, resource_version: str | None = None) -> str:
        # The base class counts failed lists and gives up; it never sees one from here.
        wait_s = min(0.2, self.longest_wait_s)
        while True:
            try:
                version: str = await super()._list_and_update(resource_version)
            except asyncio.CancelledError:
                raise
            except Exception as error:
                self._note(error)
                # "0" is any version: the one asked for may be gone (410), or lie in
                # the future of a cluster restored from a backup.
                resource_version = "0"
                await asyncio.sleep(wait_s)
                wait_s = min(2 * wait_s, self.longest_wait_s)
            else:
                self._note(None)
                return version

    def _note(self, error: Exception | None) -> None:
        """Log an outage once, and its end."""
        before, now = (
            self.last_error,
            f"{type(error).__name__}: {error}" if error else "",
        )
        self.last_error = now.partition("\n")[0]
        if now and not before:
            self.log.warning("list of %s failed, asking until done: %s", self.kind, now)
        elif before and not now:
            self.log.warning("list of %s is answered again", self.kind)


class PatientPods(PatientReflector, PodReflector):  # type: ignore[misc]
    """The pods of the user servers."""


class PatientEvents(PatientReflector, EventReflector):  # type: ignore[misc]
    """What Kubernetes says about these pods."""

    @property
    def events(self) -> list[dict[str, Any]]:
        """All events, oldest first; the base class fails on one that has no time."""
        return sorted(self.resources.values(), key=_time)


def _time(event: dict[str, Any]) -> str:
    created = event.get("metadata", {}).get("creationTimestamp")
    return event.get("lastTimestamp") or event.get("eventTime") or created or ""
