"""User servers on Kubernetes that an outage of the Kubernetes API does not touch.

KubeSpawner with four differences: an unknown state is not "stopped"; its view of the
cluster never dies (`reflectors`); a request that the API could not answer is made
again; and a start says in words what it waits for or why it failed (`messages`).

Private methods of KubeSpawner 7.1 are overridden: its version is pinned, and
``tests/kube/test_spawner.py`` runs each fault against this class and the original.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable
from typing import Any, ClassVar

import aiohttp
from kubernetes_asyncio.client import V1Pod
from kubernetes_asyncio.client.rest import ApiException
from kubespawner import KubeSpawner
from kubespawner.reflector import ResourceReflector
from kubespawner.spawner import EventReflector, PodReflector
from traitlets import Float

from . import ends, messages
from .reflectors import PatientEvents, PatientPods, PatientReflector
from .starts import StartFailed

# "Ask again" by the API conventions: too many requests, and what a proxy, an overloaded
# API server or etcd answer while they come back.
RETRIED = frozenset({429, 500, 502, 503, 504})
PATIENT = {PodReflector: PatientPods, EventReflector: PatientEvents}


class RobustKubeSpawner(KubeSpawner):  # type: ignore[misc]
    """KubeSpawner that survives its cluster's API."""

    # Not shared with KubeSpawner: these are of another class.
    reflectors: ClassVar[dict[Any, PatientReflector]] = {}

    longest_wait_s = Float(
        5.0,
        config=True,
        help="Longest pause, in seconds, between two tries while the API is away.",
    )
    start_margin_s = Float(
        5.0,
        config=True,
        help="""
        How long before `start_timeout` a start gives up by itself, in seconds.

        So the page names the cause; JupyterHub's own timeout knows none.
        """,
    )

    first_list_s = Float(
        5.0,
        config=True,
        help="""
        How long a poll waits for the first list after the hub's start, in seconds.

        JupyterHub tries a server of unknown state for minutes before it gives it up,
        and its owner waits as long.
        """,
    )

    _answer_lost = False

    async def poll(self) -> int | None:
        """Return None while the server runs or nobody can tell, else its exit code."""
        try:
            await self._start_watching_pods_without_waiting()
            if not await self.pod_reflector.first_list(self.first_list_s):
                return None
            pod = self.pod_reflector.pods.get(f"{self.namespace}/{self.pod_name}")
            code: int | None = await super().poll()
        except Exception as error:
            # Whatever went wrong here says nothing about the server, and JupyterHub
            # forgets a server whose poll raises.
            self.log.warning(
                "state of %s unknown (%r), keeping it", self.pod_name, error
            )
            return None
        if code is not None and self.ready:
            self._note_end(pod)
        return code

    def _note_end(self, pod: dict[str, Any] | None) -> None:
        try:
            because = ends.why(pod, self.events)
        except Exception as error:
            # That it ended is known; what cannot be read may not hide it.
            because = ""
            self.log.warning("why %s ended is not known (%r)", self.pod_name, error)
        ends.note(self.user.name, because)
        self.log.warning("%s ended: %s", self.pod_name, because or "no reason given")

    async def progress(self) -> AsyncIterator[dict[str, Any]]:
        """Yield what the start waits for, in words, as JupyterHub's page wants it."""
        async for step in super().progress():
            event = step.get("raw_event")
            yield step if event is None else {**step, "message": messages.line(event)}

    async def _start_reflector(
        self,
        kind: str,
        reflector_class: type[ResourceReflector],
        replace: bool = False,
        **kwargs: Any,
    ) -> PatientReflector:
        reflector = await self._reflector(kind, reflector_class, **kwargs)
        if replace:
            # The original puts an empty one in its place, and every server of which it
            # has not heard yet counts as gone.
            await reflector.refresh()
        if not await reflector.first_list(self.k8s_api_request_retry_timeout):
            raise StartFailed(messages.unreachable(reflector.last_error))
        return reflector

    async def _reflector(
        self, kind: str, reflector_class: type[ResourceReflector], **kwargs: Any
    ) -> PatientReflector:
        key = self._get_reflector_key(kind)
        if key not in self.reflectors:
            self.reflectors[key] = PATIENT[reflector_class](
                parent=self,
                namespace=self.namespace,
                longest_wait_s=self.longest_wait_s,
                **kwargs,
            )
            await self.reflectors[key].start()
        return self.reflectors[key]

    async def _start_watching_pods_without_waiting(self) -> None:
        await self._reflector(
            "pods",
            PodReflector,
            labels={"component": self.component_label},
            omit_namespace=self.enable_user_namespaces,
        )

    async def _start(self) -> Any:
        self._answer_lost = False
        ends.note(self.user.name)
        allowed_s = max(self.start_timeout - self.start_margin_s, 1)
        try:
            async with asyncio.timeout(allowed_s) as limit:
                return await super()._start()
        except TimeoutError as error:
            reflector = self.pod_reflector
            last_error = reflector.last_error if reflector else ""
            if limit.expired() and not last_error:
                raise StartFailed(messages.timed_out(allowed_s, self.events)) from error
            raise StartFailed(messages.unreachable(last_error or str(error))) from error
        except ApiException as error:
            raise StartFailed(messages.refused(error.status, error.body)) from error

    async def _make_create_pod_request(
        self, pod: V1Pod, request_timeout: float
    ) -> bool:
        if self._answer_lost and await self._is_ours(pod):
            # The lost answer was a yes; the original would kill this pod.
            self._answer_lost = False
            return True
        created = await self._unless_away(self._create_pod(pod, request_timeout))
        self._answer_lost = not created
        return created

    async def _create_pod(self, pod: V1Pod, request_timeout: float) -> bool:
        # Not the original's: that logs the manifest, with the server's API token.
        create = self.api.create_namespaced_pod(self.namespace, pod)
        try:
            await asyncio.wait_for(create, request_timeout)
        except ApiException as error:
            if error.status != 409:
                raise
            self.log.info("%s: an old pod is in the way, deleting it", self.pod_name)
            await self.stop(True)
            return False
        return True

    async def _make_create_pvc_request(self, pvc: Any, request_timeout: float) -> bool:
        return await self._unless_away(
            super()._make_create_pvc_request(pvc, request_timeout)
        )

    async def _make_delete_pod_request(
        self,
        pod_name: str,
        delete_options: Any,
        grace_seconds: int,
        request_timeout: float,
    ) -> bool:
        return await self._unless_away(
            super()._make_delete_pod_request(
                pod_name, delete_options, grace_seconds, request_timeout
            )
        )

    async def _unless_away(self, request: Awaitable[bool]) -> bool:
        """Return what the API answered; False, which means ask again, if it did not."""
        try:
            return bool(await request)
        except ApiException as error:
            if error.status not in RETRIED:
                raise
            self.log.warning("Kubernetes API answered %s, asking again", error.status)
        except (aiohttp.ClientError, OSError) as error:  # a time-out is an OSError
            self.log.warning("Kubernetes API did not answer (%r), asking again", error)
        return False

    async def _is_ours(self, pod: V1Pod) -> bool:
        """Tell whether the pod there is the one asked for, by its API token."""
        try:
            there = await self.api.read_namespaced_pod(
                pod.metadata.name, self.namespace
            )
        except (ApiException, aiohttp.ClientError, OSError):
            return False
        return bool(_token(there) == _token(pod))


def _token(pod: V1Pod) -> str | None:
    environment = pod.spec.containers[0].env or []
    tokens = (item.value for item in environment if item.name == "JUPYTERHUB_API_TOKEN")
    return next(tokens, None)
