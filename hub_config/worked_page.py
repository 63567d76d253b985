"""Takes the gateway's word about people's clusters: for the metrics and the usage.

The answer says who had all core hours of the day: the gateway gives them no more.
"""

from __future__ import annotations

import json
from collections import Counter
from functools import partial
from operator import itemgetter
from typing import Any

from jupyterhub.apihandlers.base import APIHandler
from prometheus_client import Gauge
from tornado import web

from .budget import over_today
from .gate import number_of, user_name
from .ledger import LedgerError
from .prices import worker_price
from .usage import Workers, opened

SERVICE = "dask-gateway"
# A series for each number that the ceiling allows, not for each person.
PEOPLE = Gauge(
    "archive_hub_people_with_clusters",
    "People by how many Dask clusters they have now.",
    ["clusters"],
)
_SIZE = itemgetter("user", "cores", "memory_bytes", "seconds")
WORKERS = Gauge("archive_hub_dask_workers", "Dask workers that run now.")


class WorkedHandler(APIHandler):  # type: ignore[misc]
    """Takes what `worked.Worked` tells; from the gateway and nobody else."""

    def post(self) -> None:
        """Note it; answer ``{"spent": [name, ...]}``."""
        # A person's name never looks like that.
        if getattr(self.current_user, "name", "") != SERVICE:
            raise web.HTTPError(403, "only the gateway tells of clusters")
        try:
            self._note(json.loads(self.request.body))
            spent = [user_name(number) for number in over_today(self.authenticator)]
        except LedgerError as error:
            self.log.error("usage: %s", error)
            raise web.HTTPError(503, "not counted; tell it again") from None
        except (ValueError, KeyError, TypeError, AttributeError):
            raise web.HTTPError(400, "this is not what a gateway tells") from None
        self.finish({"spent": spent})

    def _note(self, told: dict[str, Any]) -> None:
        hub = self.authenticator.hub
        workers = [
            Workers(number, float(cores), int(memory), float(seconds))
            for user, cores, memory, seconds in map(_SIZE, told["worked"])
            if (number := number_of(user)) and cores > 0 and memory > 0
        ]
        opened(self.authenticator.ledger_path).count_workers(
            str(told["since"]), workers, partial(worker_price, hub)
        )
        most = hub.dask.clusters_per_person
        people = Counter(told["clusters"].values())
        for count in {*range(1, most + 1), *people}:
            PEOPLE.labels(clusters=str(int(count))).set(people[count])
        WORKERS.set(int(told["workers"]))
