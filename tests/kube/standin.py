"""A stand-in of the Kubernetes API: real HTTP, as much of it as KubeSpawner uses.

Pods, claims and events of one cluster: list, watch, get, create, delete, with resource
versions.  A TCP relay in front can refuse or swallow connections; `fail_next` makes the
API itself answer wrong.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime

from aiohttp import web

from tests.faults.relay import Relay

KINDS = {"pods": "Pod", "persistentvolumeclaims": "PersistentVolumeClaim"}
KINDS["events"] = "Event"


@dataclass(frozen=True)
class Fault:
    """One wrong answer to one call; `after`: the call is carried out all the same."""

    call: str
    status: int
    message: str
    after: bool = False


class KubernetesStandIn:
    """One cluster; its pods run as soon as they are made, unless `stuck`."""

    def __init__(self, pod_port: int = 8888) -> None:
        self.version = 100
        self.objects = {kind: {} for kind in KINDS}
        self.changes: list[tuple[int, str, str, dict]] = []
        self.watchers: set[asyncio.Queue] = set()
        self.calls: Counter[str] = Counter()
        self.faults: list[Fault] = []
        self.stuck = False
        self.pod_ip = "127.0.0.1"
        self.relay = Relay()

    # What a test does to the cluster.

    def fail_next(self, call: str, status: int, times: int = 1, *, after=False) -> None:
        """Answer `status` to the next calls ("POST pods"); `after` having done them."""
        self.faults += [Fault(call, status, "injected", after)] * times

    def refuse_next(self, call: str, status: int, message: str) -> None:
        """Answer the next call with a status and Kubernetes' reason for it."""
        self.faults.append(Fault(call, status, message))

    def lose_pod(self, name: str) -> None:
        self._remove("pods", self._key("pods", name))

    def say(self, pod: str, reason: str, message: str, kind: str = "Warning") -> None:
        """Let Kubernetes report an event about `pod`."""
        now = datetime.now(UTC).isoformat()
        event = {
            "metadata": {"name": f"{pod}.{self.version}", "namespace": "hub"},
            "involvedObject": {"kind": "Pod", "name": pod},
            "reason": reason,
            "message": message,
            "type": kind,
            "lastTimestamp": now,
            "eventTime": None,
        }
        self._store("events", event)

    def pods(self) -> dict[str, str]:
        """Names and uids of the pods there are."""
        pods = self.objects["pods"].values()
        return {pod["metadata"]["name"]: pod["metadata"]["uid"] for pod in pods}

    # Life.

    async def __aenter__(self) -> KubernetesStandIn:
        app = web.Application(middlewares=[self._faulty])
        base = "/api/v1/namespaces/{ns}/{kind}"
        app.router.add_get("/version/", self._version)
        app.router.add_get(base, self._list)
        app.router.add_post(base, self._create)
        app.router.add_get(f"{base}/{{name}}", self._get)
        app.router.add_delete(f"{base}/{{name}}", self._delete)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        await self.relay.start(self._runner.addresses[0][1])
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.relay.close()
        await self._runner.cleanup()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.relay.port}"

    # The API.

    @web.middleware
    async def _faulty(self, request: web.Request, handler):
        watch = "WATCH" if "watch" in request.query else request.method
        call = f"{watch} {request.match_info.get('kind')}"
        self.calls[call] += 1
        fault = next((fault for fault in self.faults if fault.call == call), None)
        if fault is None:
            return await handler(request)
        self.faults.remove(fault)
        if fault.after:
            await handler(request)
        return _status(fault.status, fault.message)

    async def _version(self, request: web.Request) -> web.Response:
        needed = "buildDate compiler gitCommit gitTreeState gitVersion goVersion"
        words = dict.fromkeys([*needed.split(), "major", "minor", "platform"], "1")
        return web.json_response(words)

    async def _list(self, request: web.Request) -> web.StreamResponse:
        kind, selector = request.match_info["kind"], request.query.get("labelSelector")
        if "watch" in request.query:
            return await self._watch(request, kind, selector)
        items = [it for it in self.objects[kind].values() if _selected(it, selector)]
        version = {"resourceVersion": str(self.version)}
        body = {"kind": f"{KINDS[kind]}List", "metadata": version, "items": items}
        return web.json_response(body)

    async def _watch(self, request: web.Request, kind: str, selector: str | None):
        answer = web.StreamResponse(headers={"Content-Type": "application/json"})
        await answer.prepare(request)
        queue: asyncio.Queue = asyncio.Queue()
        since = int(request.query.get("resourceVersion") or 0)
        for version, *change in self.changes:
            if version > since:
                queue.put_nowait(change)
        self.watchers.add(queue)
        try:
            async with asyncio.timeout(
                float(request.query.get("timeoutSeconds", 3600))
            ):
                while True:
                    change, of, item = await queue.get()
                    if of == kind and _selected(item, selector):
                        line = json.dumps({"type": change, "object": item})
                        await answer.write(line.encode() + b"\n")
        except (TimeoutError, ConnectionError):
            pass
        finally:
            self.watchers.discard(queue)
        return answer

    async def _create(self, request: web.Request) -> web.Response:
        kind, item = request.match_info["kind"], await request.json()
        if self._key(kind, item["metadata"]["name"]) in self.objects[kind]:
            return _status(409, "AlreadyExists")
        if kind == "pods":
            item["status"] = {"phase": "Pending"}
        item["metadata"]["namespace"] = request.match_info["ns"]
        self._store(kind, item)
        if kind == "pods" and not self.stuck:
            self._run(item)
        return web.json_response(item, status=201)

    async def _get(self, request: web.Request) -> web.Response:
        kind, name = request.match_info["kind"], request.match_info["name"]
        item = self.objects[kind].get(self._key(kind, name))
        return web.json_response(item) if item else _status(404, "NotFound")

    async def _delete(self, request: web.Request) -> web.Response:
        kind, name = request.match_info["kind"], request.match_info["name"]
        item = self._remove(kind, self._key(kind, name))
        return web.json_response(item) if item else _status(404, "NotFound")

    # The store.

    def _key(self, kind: str, name: str) -> str:
        return f"hub/{name}"

    def _store(self, kind: str, item: dict) -> None:
        key = self._key(kind, item["metadata"]["name"])
        change = "MODIFIED" if key in self.objects[kind] else "ADDED"
        self.version += 1
        item["metadata"].setdefault("uid", f"uid-{self.version}")
        item["metadata"]["resourceVersion"] = str(self.version)
        self.objects[kind][key] = item
        self._tell(change, kind, item)

    def _remove(self, kind: str, key: str) -> dict | None:
        item = self.objects[kind].pop(key, None)
        if item:
            self.version += 1
            self._tell("DELETED", kind, item)
        return item

    def _tell(self, change: str, kind: str, item: dict) -> None:
        news = change, kind, json.loads(json.dumps(item))
        self.changes.append((self.version, *news))
        for queue in self.watchers:
            queue.put_nowait(news)

    def _run(self, pod: dict) -> None:
        running = {
            "name": "notebook",
            "ready": True,
            "state": {"running": {}},
            "image": "hub/base:1",
            "imageID": "",
            "restartCount": 0,
        }
        pod["status"] = {
            "phase": "Running",
            "podIP": self.pod_ip,
            "conditions": [{"type": "Ready", "status": "True"}],
            "containerStatuses": [running],
        }
        self._store("pods", pod)


def _selected(item: dict, selector: str | None) -> bool:
    labels = item["metadata"].get("labels", {})
    wanted = (pair.split("=", 1) for pair in (selector or "").split(",") if pair)
    return all(labels.get(key) == value for key, value in wanted)


def _status(code: int, message: str) -> web.Response:
    body = {"kind": "Status", "status": "Failure", "code": code, "message": message}
    return web.json_response(body, status=code)
