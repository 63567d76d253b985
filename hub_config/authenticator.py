"""GitHub login, open to the people registered with an archive.

The hub's user is the GitHub account *number*; the login is only a label.  Who is logged
in is looked up again every few minutes: a no puts the person out, an outage does not.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from oauthenticator.github import GitHubOAuthenticator
from tornado import web
from tornado.httpclient import AsyncHTTPClient, HTTPClientError
from traitlets import Instance, Unicode, default

from . import around, settings
from .farewell import put_out
from .gate import Gate, number_of, user_name
from .ledger import Ledger
from .login_pages import LoginHandler
from .refusal import Refusal, github_away, refused
from .registration import ask, new_client
from .suspended import Suspended
from .verdict import Answer, Decision, Person

GITHUB_TIMEOUT_S = 6.0
LOGIN_LABEL = "hub.archive/login"


class GitHubAway(Exception):
    """GitHub gave no answer that can be read: neither yes nor no."""


class ArchiveAuthenticator(GitHubOAuthenticator):  # type: ignore[misc]
    """Admits GitHub accounts whose owners are registered with an archive."""

    login_handler = LoginHandler

    hub = Instance(settings.Hub, help="The settings of this hub.").tag(config=True)
    ledger_path = Unicode("", help="SQLite file; empty: not kept.").tag(config=True)

    @default("hub")
    def _hub_default(self) -> settings.Hub:
        return settings.load()

    @default("enable_auth_state")
    def _enable_auth_state_default(self) -> bool:
        # Nobody could be looked up again without the token, which is kept encrypted.
        return True

    @default("any_allow_config")
    def _any_allow_config_default(self) -> bool:
        return True

    @default("auth_refresh_age")
    def _auth_refresh_age_default(self) -> int:
        return max(1, round(self.hub.login.recheck_min * 60))

    @default("scope")
    def _scope_default(self) -> list[str]:
        # Number and login are public: nothing more is asked of GitHub.
        return []

    @default("http_client")
    def _http_client_default(self) -> AsyncHTTPClient:
        return AsyncHTTPClient(force_instance=True, max_clients=100)

    @default("http_request_kwargs")
    def _http_request_kwargs_default(self) -> dict[str, Any]:
        return {
            "request_timeout": GITHUB_TIMEOUT_S,
            "connect_timeout": GITHUB_TIMEOUT_S,
            "follow_redirects": False,
        }

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        path = Path(self.ledger_path) if self.ledger_path else None
        self.client = new_client()
        self.gate = Gate(
            self._ask, self.hub.login, Ledger(path), Suspended(path), self.log
        )
        self._app: Any = None
        self._checks: dict[str, asyncio.Task[Any]] = {}

    async def _ask(self, person: Person) -> Decision:
        login = self.hub.login
        return await ask(
            self.hub.archives, person, timeout_s=login.timeout_s, client=self.client
        )

    # Asking GitHub

    async def httpfetch(self, url: str, label: str = "fetching", **kwargs: Any) -> Any:
        """Fetch from GitHub; what is neither yes nor no is `GitHubAway`."""
        try:
            return await super().httpfetch(url, label, **kwargs)
        except HTTPClientError as error:
            if _says_no(error):
                raise
            raise GitHubAway(f"HTTP {error.code}") from None
        except (ValueError, OSError, RecursionError) as error:
            raise GitHubAway(type(error).__name__) from None

    async def get_token_info(self, handler: Any, params: dict[str, Any]) -> Any:
        """Exchange the code of a login for a token."""
        try:
            info = await super().get_token_info(handler, params)
        except TypeError:
            raise GitHubAway("the answer is not an object") from None
        for key in ("access_token", "token_type"):
            if not isinstance(info.get(key), str):
                raise GitHubAway(f"{key} is {info.get(key)!r}")
        return info

    def user_info_to_username(self, user_info: Any) -> str:
        """Return ``gh-NUMBER``."""
        number = user_info.get("id") if isinstance(user_info, dict) else None
        if type(number) is not int or number <= 0:
            raise GitHubAway(f"the account number is {number!r}")
        if not isinstance(user_info.get("login"), str):
            raise GitHubAway(f"the login is {user_info.get('login')!r}")
        return user_name(number)

    def build_auth_state_dict(self, token_info: Any, user_info: Any) -> dict[str, Any]:
        """Keep number and login, and the token for looking the person up again."""
        state: dict[str, Any] = super().build_auth_state_dict(token_info, user_info)
        kept = {"id": user_info["id"], "login": user_info["login"]}
        return {**state, self.user_auth_state_key: kept}

    async def update_auth_model(self, auth_model: dict[str, Any]) -> dict[str, Any]:
        """Set the admin right by number, and take it from everybody else."""
        number = auth_model["auth_state"][self.user_auth_state_key]["id"]
        return {**auth_model, "admin": self.gate.is_admin(number)}

    # Logging in

    async def authenticate(
        self, handler: Any, data: Any = None, **kwargs: Any
    ) -> dict[str, Any]:
        """Learn from GitHub who this is.

        Raises
        ------
        Refusal
            GitHub cannot be asked.
        """
        try:
            async with asyncio.timeout(GITHUB_TIMEOUT_S):
                model: dict[str, Any] = await super().authenticate(
                    handler, data, **kwargs
                )
                return model
        except (GitHubAway, HTTPClientError, TimeoutError) as error:
            reason = str(error) or "no answer in time"
        except web.HTTPError as error:
            if error.status_code < 500:
                raise
            reason = "no token in the answer"
        self.gate.tell(0, "", "login", "github unreachable", reason)
        raise Refusal(github_away())

    async def check_allowed(self, username: str, auth_model: Any) -> bool:
        """Ask the archives about who logs in.

        Raises
        ------
        Refusal
            For every answer but *admitted*.
        """
        account = auth_model["auth_state"][self.user_auth_state_key]
        decision = await self.gate.decide(account["login"], account["id"], "login")
        if decision.answer is Answer.ADMITTED:
            return True
        page = refused(decision, account["login"], self.hub)
        raise Refusal(page)

    # Looking up again

    async def refresh_user(self, user: Any, handler: Any = None, **kwargs: Any) -> Any:
        """Look a logged-in person up again; once for all requests that wait for it.

        Returns
        -------
        bool or dict
            False: out, or log in again.  True or the new model: as before.
        """
        check = self._checks.get(user.name)
        if check is None:
            check = asyncio.ensure_future(self._look_up_again(user))
            self._checks[user.name] = check
            check.add_done_callback(lambda _: self._checks.pop(user.name, None))
        return await asyncio.shield(check)

    async def _look_up_again(self, user: Any) -> bool | dict[str, Any]:
        number = number_of(user.name)
        if number == self.hub.canary.number:
            # Nobody signs in as it; its token is the operator's (`canary`).
            return True
        state = await user.get_auth_state()
        if number is None or not state:
            # Nothing to ask with, for example after the encryption key was lost.
            return False
        login = state[self.user_auth_state_key]["login"]
        try:
            model = await self._ask_github(state)
        except GitHubAway as error:
            kept = self.gate.in_grace(number)
            self.gate.tell(number, login, "recheck", "github unreachable", str(error))
            return kept
        if model is None or model["name"] != user.name:
            reason = "GitHub refuses the token"
            self.gate.tell(number, login, "recheck", "login needed", reason)
            put_out(self._app, user, forget_tokens=False)
            return False
        return await self._ask_archives_again(user, number, model)

    async def _ask_archives_again(
        self, user: Any, number: int, model: dict[str, Any]
    ) -> bool | dict[str, Any]:
        login = model["auth_state"][self.user_auth_state_key]["login"]
        decision = await self.gate.decide(login, number, "recheck")
        if decision.answer is Answer.ADMITTED:
            return model
        if decision.answer.is_no:
            put_out(self._app, user, forget_tokens=True)
            return False
        return model if self.gate.in_grace(number) else False

    async def _ask_github(self, state: dict[str, Any]) -> dict[str, Any] | None:
        """Return who the kept token belongs to; None if GitHub takes it no more."""
        try:
            async with asyncio.timeout(GITHUB_TIMEOUT_S):
                model: dict[str, Any] = await self._token_to_auth_model(
                    state["token_response"]
                )
                return model
        except HTTPClientError:
            return None
        except TimeoutError:
            raise GitHubAway("no answer in time") from None

    # The hub around us

    def get_handlers(self, app: Any) -> list[Any]:
        """Add our pages; begin what runs beside the hub."""
        self._app = app
        # JupyterHub calls a callable variable with the user who looks at the page.
        app.template_vars["login"] = self._login_on_page
        return [*super().get_handlers(app), *around.begin(app, self)]

    def _login_on_page(self, user: Any) -> str:
        return self.gate.login_of(user.name) if user else ""

    async def pre_spawn_start(self, user: Any, spawner: Any) -> None:
        """Label the server with the login; nothing else of GitHub reaches it."""
        if hasattr(spawner, "extra_labels"):
            label = label_value(self.gate.login_of(user.name))
            spawner.extra_labels = {**spawner.extra_labels, LOGIN_LABEL: label}


def label_value(login: str) -> str:
    """Return `login` as the value of a Kubernetes label."""
    kept = "".join(
        c if c.isascii() and (c.isalnum() or c in "-_.") else "-" for c in login
    )
    return kept[:63].strip("-_.")


def _says_no(error: HTTPClientError) -> bool:
    """Whether GitHub refused the token, rather than to answer just now."""
    if error.code == 401:
        return True
    if error.code != 403 or error.response is None:
        return False
    headers = error.response.headers
    body = (error.response.body or b"").lower()
    limited = headers.get("X-RateLimit-Remaining") == "0" or "Retry-After" in headers
    return not limited and b"rate limit" not in body
