"""The terms of use: shown, accepted once by each person, asked again when they change.

Who has not accepted the current version starts nothing: the start page leads to the
terms, an API call is refused with the address of the page.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from jupyterhub.handlers import BaseHandler
from tornado import web
from tornado.httputil import url_concat

from .gate import number_of, user_name
from .ledger import LedgerError, LedgerFile


class TermsNotAccepted(web.HTTPError):
    """Somebody wants a server before accepting the terms: HTTP 403, with the page."""

    def __init__(self, page: str) -> None:
        reason = f"Accept the terms of use first: they are at {page}."
        super().__init__(403, reason)
        self.jupyterhub_message = reason


class TermsUnknown(web.HTTPError):
    """The hub cannot look up what was accepted: neither yes nor no."""

    def __init__(self) -> None:
        reason = (
            "The hub cannot look up whether you accepted the terms of use. "
            "Try again in a few minutes."
        )
        super().__init__(503, reason)
        self.jupyterhub_message = reason


class Terms(LedgerFile):
    """Who accepted which version, and when."""

    tables = """
CREATE TABLE IF NOT EXISTS accepted (
    number  INTEGER NOT NULL,
    version TEXT NOT NULL,
    at      REAL NOT NULL,
    PRIMARY KEY (number, version)
) WITHOUT ROWID;
"""

    def note_accepted(self, number: int, version: str) -> None:
        """Remember that this person accepts `version` now; the first time counts."""
        self._run(
            "INSERT INTO accepted VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
            number,
            version,
            self._clock(),
        )

    def accepted_at(self, number: int, version: str) -> datetime | None:
        """Return when this person accepted `version`, if ever."""
        found = self._run(
            "SELECT at FROM accepted WHERE number = ? AND version = ?", number, version
        )
        row = found.fetchone()
        return datetime.fromtimestamp(row[0], UTC) if row else None


@lru_cache
def _opened(path: str) -> Terms:
    return Terms(Path(path) if path else None)


def accepted_at(authenticator: Any, user_name: str) -> datetime | None:
    """Return when a person accepted the current terms, if at all.

    Parameters
    ----------
    authenticator : ArchiveAuthenticator
        Knows the settings and the ledger's file.
    user_name : str
        ``gh-NUMBER``.

    Raises
    ------
    TermsUnknown
        The ledger cannot be read.
    """
    number = number_of(user_name)
    if number is None:
        return None
    version = authenticator.hub.hub.terms_version
    try:
        return _opened(authenticator.ledger_path).accepted_at(number, version)
    except LedgerError as error:
        authenticator.log.error("terms: %s", error)
        raise TermsUnknown from None


def require_accepted(spawner: Any) -> None:
    """Refuse a start, whatever it came from, until the terms are accepted.

    Raises
    ------
    TermsNotAccepted
        With the address of the terms.
    """
    authenticator, name = spawner.authenticator, spawner.user.name
    if name == user_name(authenticator.hub.canary.number):
        # The operator's own program, which no person signs in as.
        return
    if accepted_at(authenticator, name) is None:
        raise TermsNotAccepted(f"{spawner.hub.base_url}terms")


def lead_to_terms(spawner: Any) -> None:
    """Send the visitor of the start page to the terms, if they are not accepted.

    An administrator who starts somebody else's server cannot accept for them.

    Raises
    ------
    tornado.web.Finish
        The visitor was sent away; nothing else is to be answered.
    """
    handler = spawner.handler
    if handler is None or handler.current_user.name != spawner.user.name:
        return
    if accepted_at(spawner.authenticator, spawner.user.name) is None:
        page = f"{spawner.hub.base_url}terms"
        handler.redirect(url_concat(page, {"next": handler.request.uri}))
        raise web.Finish


class TermsHandler(BaseHandler):  # type: ignore[misc]
    """The page of the terms: anybody may read it, a logged-in person accepts."""

    async def get(self) -> None:
        """Show the terms."""
        await self._show()

    @web.authenticated
    async def post(self) -> None:
        """Accept the version that was shown, and go on to where one came from."""
        version = self.authenticator.hub.hub.terms_version
        if self.get_body_argument("version", "") != version:
            # They changed between reading and clicking.
            await self._show(changed=True)
            return
        number = number_of(self.current_user.name)
        if number is None:
            raise web.HTTPError(403, "Only people who log in with GitHub accept terms.")
        try:
            _opened(self.authenticator.ledger_path).note_accepted(number, version)
        except LedgerError as error:
            self.log.error("terms: %s", error)
            raise TermsUnknown from None
        self.log.info("terms: gh-%d accepted version %r", number, version)
        self.redirect(self.get_next_url(self.current_user))

    async def _show(self, changed: bool = False) -> None:
        user = self.current_user
        accepted = accepted_at(self.authenticator, user.name) if user else None
        self.set_header("Cache-Control", "no-store")
        page = await self.render_template(
            "terms.html",
            accepted=accepted,
            changed=changed,
            next=self.get_argument("next", ""),
        )
        self.finish(page)
