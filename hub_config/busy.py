"""A database that somebody else holds: HTTP 503 and "try again", on every page.

SQLite waits five seconds for a copy or an open shell, then JupyterHub answers HTTP 500,
or, where it only could not note who is there, takes a person for one not signed in.
"""

from __future__ import annotations

from functools import wraps
from typing import Any

from jupyterhub.handlers import BaseHandler
from sqlalchemy.exc import OperationalError, PendingRollbackError, SQLAlchemyError
from tornado import web

RETRY_AFTER_S = 5
SAYS = (
    "The hub's records are busy. Servers that run are not touched. "
    "Try again in a few seconds."
)


class RecordsBusy(web.HTTPError):
    """The database is held: HTTP 503, with what to do, for the page and the API."""

    def __init__(self) -> None:
        super().__init__(503, SAYS)
        self.jupyterhub_message = SAYS
        self.headers = {"Retry-After": str(RETRY_AFTER_S), "Cache-Control": "no-store"}


def is_held(error: object) -> bool:
    """Tell whether this is a database that somebody else holds."""
    # The second kind tells of an earlier one: the hub has one session for all.
    kinds = OperationalError, PendingRollbackError
    return isinstance(error, kinds) and "database is locked" in str(error)


def say_busy() -> None:
    """Let JupyterHub say so, wherever it finds out; once is enough."""
    if hasattr(BaseHandler, "records_busy"):
        return
    # Whether it could not even be noted who asks.
    BaseHandler.records_busy = False
    BaseHandler.get_current_user = _noticing(BaseHandler.get_current_user)
    BaseHandler.get_login_url = _not_by_mistake(BaseHandler.get_login_url)
    handle = _answering(BaseHandler._handle_request_exception)
    BaseHandler._handle_request_exception = handle


def _noticing(ask: Any) -> Any:
    @wraps(ask)
    async def get_current_user(self: Any) -> Any:
        try:
            return await ask(self)
        except SQLAlchemyError as error:
            # JupyterHub goes on as if nobody were signed in.
            self.records_busy = is_held(error)
            raise

    return get_current_user


def _not_by_mistake(ask: Any) -> Any:
    @wraps(ask)
    def get_login_url(self: Any) -> Any:
        if self.records_busy:
            raise RecordsBusy
        return ask(self)

    return get_login_url


def _answering(handle: Any) -> Any:
    @wraps(handle)
    def handle_request_exception(self: Any, error: BaseException) -> None:
        denied = isinstance(error, web.HTTPError) and error.status_code == 403
        if not (is_held(error) or (denied and self.records_busy)):
            handle(self, error)
            return
        self.db.rollback()
        try:
            raise RecordsBusy from None
        except RecordsBusy as busy:
            handle(self, busy)

    return handle_request_exception
