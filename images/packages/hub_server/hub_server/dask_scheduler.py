"""Dask preload of a scheduler: keeps for a while what a client that is cut off wanted.

A client that closes says so, and what only it wanted is forgotten at once.  One that
vanishes may be back in seconds, for a proxy between them was replaced
(`dask_reconnect`).
"""

from itertools import count
from typing import Any

#: Longer than a client tries to come back (`dask_reconnect.TRIES_S`).
GRACE_S = 90.0


class Keeper:
    """Wants the results of vanished clients in their place, for `GRACE_S`.

    The scheduler holds them as it holds published ones: for a client that has no
    connection.

    Parameters
    ----------
    scheduler : distributed.Scheduler
        Whose clients may vanish.
    """

    def __init__(self, scheduler: Any) -> None:
        self._scheduler, self._remove = scheduler, scheduler.remove_client
        self._numbers = count()
        # Only where a connection ended: who closes is removed by a handler that the
        # scheduler bound before.
        scheduler.remove_client = self._keep_and_remove

    def _keep_and_remove(self, client: str, stimulus_id: str | None = None) -> None:
        known = self._scheduler.clients.get(client)
        if known is not None and known.wants_what:
            keys = [task.key for task in known.wants_what]
            keeper = f"kept-{next(self._numbers)}-of-{client}"
            self._scheduler.client_desires_keys(keys=keys, client=keeper)
            self._scheduler.loop.call_later(GRACE_S, self._forget, keys, keeper)
        self._remove(client, stimulus_id)

    def _forget(self, keys: list[Any], keeper: str) -> None:
        self._scheduler.client_releases_keys(keys=keys, client=keeper)
        del self._scheduler.clients[keeper]


def dask_setup(scheduler: Any) -> None:
    """Begin to keep; called by Dask when the scheduler starts."""
    Keeper(scheduler)
