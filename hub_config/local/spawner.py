"""A profile's server as a limited process of this machine.

KubeSpawner's form, checks, overrides and pod manifest stay in force; a process takes
the place of the pod.  A test shows that the manifest equals the real KubeSpawner's.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

from jupyterhub.spawner import SimpleLocalProcessSpawner
from kubespawner import KubeSpawner
from traitlets import Unicode

from ..startpage import StartPage
from . import limits
from .machine import Machine
from .process import Identity, die_with_parent


class StartFailed(RuntimeError):
    """A server could not be started; the message is for the person."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.jupyterhub_message = message


class LocalKubeSpawner(SimpleLocalProcessSpawner, StartPage):  # type: ignore[misc]
    """KubeSpawner's configuration surface, a local process as the pod."""

    python = Unicode(config=True, help="Interpreter of the user environment.")
    scratch_template = Unicode(config=True, help="Folder of caches, with {username}.")
    limit_prefix = Unicode("archive-hub", config=True, help="Of the limits' names.")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        # Not KubeSpawner.__init__: it loads a cluster's credentials.
        super(KubeSpawner, self).__init__(*args, **kwargs)
        self.pod_name = self._expand_user_properties(self.pod_name_template)
        self.dns_name = ""
        self.secret_name = self._expand_user_properties(self.secret_name_template)
        self.pvc_name = self._expand_user_properties(self.pvc_name_template)
        self._pvc_exists = False
        self._start_future = None
        self.api = None
        self.identity: Identity | None = None
        self._enter: Callable[[], None] | None = None

    @property
    def limit_name(self) -> str:
        """The name of this server's limits, unique on this machine."""
        return f"{self.limit_prefix}-{self.pod_name}"

    async def start(self) -> tuple[str, int]:
        """Start the process under the profile's limits, clamped to this machine."""
        await self.load_user_options()
        # The manifest of the profile as declared; `clamp` is about this machine only.
        self.pod_manifest = await self.get_pod_manifest()
        self.clamp(Machine.here())
        if not os.access(self.python, os.X_OK):
            raise StartFailed(
                "The user environment is missing on this machine. "
                "The operator makes it with `make up`."
            )
        limiter = limits.detect()
        limiter.kill(self.limit_name)
        self._enter = limiter.prepare(self.limit_name, self.mem_limit, self.cpu_limit)
        where: tuple[str, int] = await super().start()
        self.identity = Identity.of(self.pid)
        return where

    def clamp(self, machine: Machine) -> None:
        """Lower limits and guarantees to what `machine` has."""
        memory, cores = machine.memory_for_one, machine.cores
        self.mem_limit: int = int(min(self.mem_limit or memory, memory))
        self.cpu_limit: float = float(min(self.cpu_limit or cores, cores))
        self.mem_guarantee: int = int(min(self.mem_guarantee or 0, memory))
        self.cpu_guarantee: float = float(min(self.cpu_guarantee or 0, cores))

    def make_preexec_fn(self, name: str) -> Callable[[], None]:
        """Return what the child does before it becomes the server."""
        make_home = super().make_preexec_fn(name)
        enter = self._enter

        def prepare() -> None:
            make_home()
            if enter:
                enter()
            die_with_parent()

        return prepare

    def get_env(self) -> dict[str, str]:
        """Return the environment: threads follow cores, caches go to scratch."""
        env: dict[str, str] = super().get_env()
        scratch = Path(self.scratch_template.format(username=self.user.name))
        scratch.mkdir(mode=0o700, parents=True, exist_ok=True)
        env["ARCHIVE_HUB_SCRATCH"] = str(scratch)
        env["ARCHIVE_HUB_IMAGE"] = str(self.image)
        env["PATH"] = f"{Path(self.python).parent}:{os.environ['PATH']}"
        threads = str(max(1, int(self.cpu_limit or 1)))
        for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
            env.setdefault(name, threads)
        return env

    async def stop(self, now: bool = False) -> None:
        """Stop the server and everything it started."""
        await super().stop(now)
        limits.detect().kill(self.limit_name)

    async def poll(self) -> int | None:
        """Return None while this very server runs; a reused pid is not it."""
        if self.proc is None and self.identity and not self.identity.alive():
            self.clear_state()
            return 0
        status: int | None = await super().poll()
        return status

    def get_state(self) -> dict[str, Any]:
        """Keep the time of creation beside the pid."""
        state: dict[str, Any] = super().get_state()
        if self.pid and self.identity:
            state["created_s"] = self.identity.created_s
        return state

    def load_state(self, state: dict[str, Any]) -> None:
        """Take the process back after a restart, if it is the same one."""
        super().load_state(state)
        if "pid" in state:
            self.identity = Identity(state["pid"], state.get("created_s", 0))
            if not self.identity.alive():
                self.pid = 0

    async def progress(self) -> AsyncIterator[dict[str, Any]]:
        """Say what happens, in words."""
        gib = (self.mem_limit or 0) / 2**30
        yield {
            "progress": 30,
            "message": f"Starting your server: {self.cpu_limit:g} cores, "
            f"{gib:.3g} GiB of memory. This takes a few seconds.",
        }

    @property
    def events(self) -> list[dict[str, Any]]:
        """There are no Kubernetes events."""
        return []

    async def delete_forever(self) -> None:
        """Keep the home: only `archive-hub local reset` deletes."""
