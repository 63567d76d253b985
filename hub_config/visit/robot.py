"""The canary's own round: no person's account, but a token of the hub's.

It looks whether people are sent to GitHub as they should be, and uses the API; if
asked, it uses a whole server too.  Then it tells the hub how it went.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import httpx

from .browser import STAND_IN, CouldNotAsk, VisitFailed
from .health import Account, Check, exit_code

CALLBACK = "/hub/oauth_callback"
TELL = "/hub/health/canary"


@dataclass(frozen=True)
class RobotAccount(Account):
    """Whose server the token may use.

    Parameters
    ----------
    name : str
        The hub's name of it.
    client_id : str
        What GitHub knows the hub as; empty: any will do.
    """

    name: str = ""
    client_id: str = ""

    @property
    def is_canary(self) -> bool:
        """Nobody works under it."""
        return True


@dataclass
class Robot(Check):
    """One round of the canary.

    Parameters
    ----------
    account : RobotAccount
        Whose server it uses.
    whole : bool
        Also start a server, read and compute.
    """

    account: RobotAccount
    whole: bool = True

    def _aside(self) -> dict[str, Callable[[], str]]:
        # The parts are watched without it, and it is one: once ill, it would stay so.
        return {}

    def _way(self) -> dict[str, Callable[[], str]]:
        look = {"sign-in page": self._sign_in_page, "API": self._api}
        return {**look, **self._work()} if self.whole else look

    def _sign_in_page(self) -> str:
        self.visitor.get("/hub/login").raise_for_status()
        page = self.visitor.get("/hub/oauth_login", follow_redirects=False)
        if not page.is_redirect:
            raise VisitFailed(f"leads nowhere: HTTP {page.status_code}")
        to = page.url.join(page.headers["Location"])
        if to.host != self.account.github and to.path != STAND_IN:
            raise VisitFailed(f"leads to {to.host!r}, not {self.account.github!r}")
        self._check_words(to.params)
        return to.host

    def _check_words(self, words: httpx.QueryParams) -> None:
        """Compare what GitHub is told with what it must be told."""
        back = httpx.URL(words.get("redirect_uri", ""))
        hub = self.visitor.base_url
        # On one machine the hub names a path: every name of the machine will do.
        if back.path != CALLBACK or back.host not in ("", hub.host):
            raise VisitFailed(f"people would come back to {str(back)!r}")
        known_as = words.get("client_id", "")
        if not known_as or known_as != (self.account.client_id or known_as):
            raise VisitFailed(
                f"GitHub is told the client {known_as!r}, which is not that of the "
                "secret; restart the hub"
            )

    def _api(self) -> str:
        answer = self.visitor.get(f"/hub/api/users/{self.account.name}")
        if answer.status_code in (401, 403):
            raise CouldNotAsk(
                f"the hub takes the token not (HTTP {answer.status_code}); "
                "is it that of its service 'canary'?"
            )
        self.person = str(answer.raise_for_status().json()["name"])
        return self.person

    def report(self) -> str:
        """Tell the hub how it went, if that is known.

        Returns
        -------
        str
            Why the hub does not know now; empty if it does.
        """
        if exit_code(self.steps) == 2:
            return ""
        failed = next((step.name for step in self.steps if step.ok is False), "")
        word = {"kind": "use" if self.whole else "look", "failed": failed}
        try:
            self.visitor.post(TELL, json=word).raise_for_status()
        except httpx.HTTPError as error:
            return f"the hub was not told: {' '.join(str(error).split())}"
        return ""
