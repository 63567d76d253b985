"""Dask Gateway's backend with ceilings per person, over all their clusters.

The gateway itself only knows limits per cluster.  `PerPerson` goes before a backend
class, on Kubernetes as on one machine: a cluster too many is refused when it is asked
for, and each heartbeat grants at most what the person's other clusters leave.  What
people's workers ran is added up and told to the hub (`worked`); it answers who had all
core hours of the day: they get no new cluster and no more workers.
"""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp
from dask_gateway_server.backends.base import PublicException
from traitlets import Float, Integer
from traitlets.config import Configurable

from .dask import room
from .worked import TELL_EVERY_S, Worked


class PerPerson(Configurable):
    """Mixed in before a `dask_gateway_server.backends.base.Backend`."""

    clusters_per_person = Integer(1, min=1, config=True, help="Clusters at a time.")
    cores_per_person = Float(1, config=True, help="Cores over all clusters.")
    memory_per_person = Integer(2**30, config=True, help="Bytes over all clusters.")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Workers granted to each cluster; filled again by heartbeats after a restart.
        self._granted: dict[str, int] = {}
        self._worked = Worked()
        self._spent: frozenset[str] = frozenset()
        self._telling: asyncio.Task[None] | None = None

    async def setup(self, app: Any) -> None:
        """Begin to tell the hub, where the gateway asks one who people are."""
        await super().setup(app)  # type: ignore[misc]
        hub = getattr(self.parent, "authenticator", None)
        if hasattr(hub, "jupyterhub_api_url"):
            self._telling = asyncio.ensure_future(self._tell_forever(hub))

    async def cleanup(self) -> None:
        """Tell no more."""
        if self._telling:
            self._telling.cancel()
        await super().cleanup()  # type: ignore[misc]

    async def _tell_forever(self, hub: Any) -> None:
        while True:
            await asyncio.sleep(TELL_EVERY_S)
            try:
                await self.tell(hub)
            except Exception as error:
                # Whatever it was, the next word has all of this one; and nobody is
                # refused anything because the hub is away.
                self._spent = frozenset()
                self.log.warning("The hub was not told of clusters: %r", error)  # type: ignore[attr-defined]

    async def tell(self, hub: Any) -> None:
        """Tell the hub of clusters and what workers ran; hear who had their share.

        Parameters
        ----------
        hub : dask_gateway_server.auth.JupyterHubAuthenticator
            Has the hub's address and the gateway's token.
        """
        word = self._worked.told(await self.list_clusters())  # type: ignore[attr-defined]
        async with self.session.post(  # type: ignore[attr-defined]
            f"{hub.jupyterhub_api_url}/clusters",
            json=word,
            headers={"Authorization": f"token {hub.jupyterhub_api_token}"},
            timeout=aiohttp.ClientTimeout(total=10),
        ) as answer:
            answer.raise_for_status()
            self._spent = frozenset((await answer.json())["spent"])

    async def start_cluster(self, user: Any, cluster_options: dict[str, Any]) -> str:
        """Refuse a cluster above the ceiling; called when a person asks for one."""
        if user.name in self._spent:
            raise PublicException(
                "Your servers and Dask workers had all core hours that this hub gives "
                "a person in a day. A new cluster starts after midnight (UTC)."
            )
        running = await self.list_clusters(username=user.name)  # type: ignore[attr-defined]
        if len(running) >= self.clusters_per_person:
            names = ", ".join(sorted(cluster.name for cluster in running))
            raise PublicException(
                f"You have {len(running)} of {self.clusters_per_person} clusters: "
                f"{names}. Shut one down first."
            )
        name: str = await super().start_cluster(user, cluster_options)  # type: ignore[misc]
        return name

    async def on_cluster_heartbeat(
        self, cluster_name: str, msg: dict[str, Any]
    ) -> None:
        """Lower what a cluster asks for to what is left for its person."""
        cluster = await self.get_cluster(cluster_name)  # type: ignore[attr-defined]
        if cluster is not None:
            active = len(msg.get("active_workers", ()))
            spent = cluster.username in self._spent
            left = active if spent else await self._room(cluster)
            granted = min(msg["count"], left)
            if granted < msg["count"]:
                self.log.info(  # type: ignore[attr-defined]
                    "Cluster %s asks for %d workers, %d are left for %s",
                    cluster_name,
                    msg["count"],
                    granted,
                    cluster.username,
                )
            self._granted[cluster_name] = granted
            self._worked.note(cluster, active)
            msg = msg | {"count": granted}
        await super().on_cluster_heartbeat(cluster_name, msg)  # type: ignore[misc]

    async def _room(self, cluster: Any) -> int:
        mine = await self.list_clusters(username=cluster.username)  # type: ignore[attr-defined]
        others = [other for other in mine if other.name != cluster.name]
        self._granted = {
            name: count
            for name, count in self._granted.items()
            if name in {one.name for one in await self.list_clusters()}  # type: ignore[attr-defined]
        }
        return room(
            (self.cores_per_person, self.memory_per_person),
            (
                sum(self._held(other) * other.config.worker_cores for other in others),
                sum(self._held(other) * other.config.worker_memory for other in others),
            ),
            (cluster.config.worker_cores, cluster.config.worker_memory),
        )

    def _held(self, cluster: Any) -> int:
        return self._granted.get(cluster.name, 0)
