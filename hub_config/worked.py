"""How long each person's Dask workers ran, counted in the gateway, told to the hub.

The gateway hears of every cluster every few seconds; the hub has the people, the money
and the metrics.  So the gateway adds up and tells, with the token of the hub's that it
has anyway: nobody needs the right to see all clusters.  It tells sums since it started,
never steps, so that what is told twice counts once.
"""

from __future__ import annotations

import time
import uuid
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from typing import Any

TELL_EVERY_S = 20
# Schedulers report every 15 s; a longer silence may have been without any worker.
LONGEST_STEP_S = 60


class Worked:
    """Seconds of workers since the gateway started, by person and size.

    Parameters
    ----------
    clock : callable
        Returns seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.since = uuid.uuid4().hex
        self._clock = clock
        self._seconds: defaultdict[tuple[str, float, int], float] = defaultdict(float)
        self._last: dict[str, tuple[float, int]] = {}

    def note(self, cluster: Any, workers: int) -> None:
        """Add what ran since this cluster's last report.

        Parameters
        ----------
        cluster : dask_gateway_server.models.Cluster
            Its name, owner, and size of a worker.
        workers : int
            How many run now.
        """
        now_s = self._clock()
        before_s, ran = self._last.get(cluster.name, (now_s, 0))
        size = float(cluster.config.worker_cores), int(cluster.config.worker_memory)
        step_s = min(now_s - before_s, LONGEST_STEP_S)
        self._seconds[cluster.username, *size] += step_s * ran
        self._last[cluster.name] = now_s, workers

    def told(self, running: Iterable[Any]) -> dict[str, Any]:
        """Return what the hub is told.

        Parameters
        ----------
        running : iterable of Cluster
            Every cluster that is there now.
        """
        there = list(running)
        names = {one.name for one in there}
        self._last = {name: at for name, at in self._last.items() if name in names}
        return {
            "since": self.since,
            "clusters": dict(Counter(one.username for one in there)),
            "workers": sum(workers for _, workers in self._last.values()),
            "worked": [
                {"user": user, "cores": cores, "memory_bytes": memory, "seconds": s}
                for (user, cores, memory), s in sorted(self._seconds.items())
                if s
            ],
        }
