"""Ending what a person has once the answer is no, also while no browser is open."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

from sqlalchemy.exc import SQLAlchemyError
from tornado.ioloop import PeriodicCallback

from .clusters import stop_clusters

_SWEEPS_A_CHECK = 5
_AT_ONCE = 8
_SUSPENDED_EVERY_S = 5
_running: set[asyncio.Task[None]] = set()


def put_out(app: Any, user: Any, *, forget_tokens: bool) -> asyncio.Task[None] | None:
    """Stop a person's servers, and delete the tokens, without keeping anybody waiting.

    Parameters
    ----------
    app : jupyterhub.app.JupyterHub
        The running hub; None before it runs.
    user : jupyterhub.user.User
        Who is out.
    forget_tokens : bool
        Also delete every API token; otherwise they are kept.

    Returns
    -------
    asyncio.Task, optional
        Ends when all is stopped.
    """
    if app is None:
        return None
    task = asyncio.ensure_future(_put_out(app, user, forget_tokens))
    _running.add(task)
    task.add_done_callback(_running.discard)
    return task


async def _put_out(app: Any, user: Any, forget_tokens: bool) -> None:
    active = {name: one for name, one in list(user.spawners.items()) if one.active}
    for name, spawner in active.items():
        if spawner.pending:
            # A server that is just starting is found by the next sweep.
            continue
        app.log.info("gate: stopping the server of %s", spawner._log_name)
        try:
            await app.proxy.delete_user(user, name)
            await user.stop(name)
        except Exception as error:
            _let_go(app, error)
            app.log.exception("gate: cannot stop %s; tried again", spawner._log_name)
    if not active:
        # Clusters end with a server; a script elsewhere can have some without one.
        await stop_clusters(user.spawner)
    if forget_tokens:
        try:
            for token in list(user.orm_user.api_tokens):
                app.db.delete(token)
            app.db.commit()
        except SQLAlchemyError as error:
            _let_go(app, error)
            app.log.exception("gate: cannot delete the tokens of %s", user.name)


def _let_go(app: Any, error: Exception) -> None:
    """Free the hub's one session of what could not be written, for everybody else."""
    if isinstance(error, SQLAlchemyError):
        app.db.rollback()


class Sweep:
    """Looks people up whose servers run, in case nobody asks the hub for them.

    JupyterHub looks a person up only when a request comes; a server that computes, or
    keeps quiet on purpose, might send none.

    Parameters
    ----------
    app : jupyterhub.app.JupyterHub
        The running hub.
    authenticator : ArchiveAuthenticator
        Has `refresh_user` and `auth_refresh_age`.
    """

    def __init__(self, app: Any, authenticator: Any) -> None:
        self._app = app
        self._authenticator = authenticator
        self._age_s = authenticator.auth_refresh_age
        self._timers: list[PeriodicCallback] = []

    def start(self) -> None:
        """Begin; the event loop must run."""
        if self._age_s:
            self._every(self._age_s / _SWEEPS_A_CHECK, self.sweep)
        self._every(_SUSPENDED_EVERY_S, self.put_out_suspended)

    def _every(self, period_s: float, do: Callable[[], Any]) -> None:
        timer = PeriodicCallback(do, 1000 * period_s, jitter=0.1)
        timer.start()
        self._timers.append(timer)

    def put_out_suspended(self) -> None:
        """End what people have whom the operator suspended since the last look."""
        for name in self._authenticator.gate.suspended():
            user = self._app.users.get(name)
            if user is not None and (user.active or user.orm_user.api_tokens):
                # The next request of a browser that is signed in is looked up.
                user._auth_refreshed = 0.0
                put_out(self._app, user, forget_tokens=True)

    async def sweep(self) -> None:
        """Look up everybody with a server who would be due before the next sweep."""
        latest = time.monotonic() - self._age_s * (1 - 1 / _SWEEPS_A_CHECK)
        due = [
            user
            for user in list(self._app.users.values())
            if user.active and (user._auth_refreshed or 0.0) <= latest
        ]
        limit = asyncio.Semaphore(_AT_ONCE)
        await asyncio.gather(*(self._look_up(user, limit) for user in due))

    async def _look_up(self, user: Any, limit: asyncio.Semaphore) -> None:
        async with limit:
            try:
                model = await self._authenticator.refresh_user(user)
                if model:
                    user._auth_refreshed = time.monotonic()
                if isinstance(model, dict):
                    await user.save_auth_state(model["auth_state"])
            except Exception as error:
                _let_go(self._app, error)
                self._app.log.exception("gate: cannot look up %s", user.name)
