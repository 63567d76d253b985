"""A stand-in of GitHub: sign-in by OAuth code with PKCE, and who the token belongs to.

It answers as GitHub does, errors included: a refused token request is HTTP 200 with
``error`` and ``error_description``.  Tokens carry their own proof, so that they outlive
a restart of the stand-in as GitHub's would.
"""

from __future__ import annotations

import hmac
import secrets
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from importlib.resources import files
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlencode, urlsplit

from aiohttp import web
from jinja2 import Environment, StrictUndefined

from . import faults
from .people import People, PeopleError, Person

CODE_LIFE_S = 600.0
STATUS_WORDS = {
    None: "not registered with the archive",
    "INCOMPLETE": "registration with the archive not finished",
    "PENDING": "waiting for the archive's approval",
    "APPROVED": "registered with the archive",
    "REJECTED": "turned down by the archive",
}


@dataclass(frozen=True)
class Client:
    """The OAuth application that may ask.

    Parameters
    ----------
    id, secret : str
        Its credentials.
    callback_path : str
        Where the browser may be sent back to; any port, as for loopback addresses.
    """

    id: str
    secret: str = field(repr=False)
    callback_path: str = "/hub/oauth_callback"


@dataclass(frozen=True)
class _Code:
    number: int
    redirect_uri: str
    challenge: str
    scope: str
    ends: float


@dataclass
class GitHub:
    """What GitHub knows: people, its one client, and the codes not yet used."""

    people: People
    client: Client
    clock: Callable[[], float] = time.monotonic
    codes: dict[str, _Code] = field(default_factory=dict)

    def issue_token(self, number: int, scope: str) -> str:
        """Return a token that names its owner and proves that we made it."""
        generation = self.people.by_number(number).generation
        scopes = scope.replace(":", ".").replace(" ", "+")
        claim = f"{number}~{generation}~{scopes}~{secrets.token_hex(8)}"
        return f"gho_{claim}_{self._proof(claim)}"

    def owner(self, token: str) -> tuple[Person, list[str]] | None:
        """Return whose token this is and its scopes; None if made up or revoked."""
        claim, _, proof = token.removeprefix("gho_").rpartition("_")
        if not hmac.compare_digest(proof.encode(), self._proof(claim).encode()):
            return None
        number, generation, scopes, _ = claim.split("~")
        try:
            person = self.people.by_number(int(number))
        except PeopleError:
            return None
        if person.generation != int(generation):
            return None
        return person, scopes.replace(".", ":").split("+")

    def _proof(self, claim: str) -> str:
        return hmac.new(
            self.client.secret.encode(), claim.encode(), "sha256"
        ).hexdigest()


def _template() -> Any:
    text = files(__package__).joinpath("templates/authorize.html").read_text("utf-8")
    return Environment(autoescape=True, undefined=StrictUndefined).from_string(text)


def _require_fair_request(query: Mapping[str, str], client: Client, host: str) -> None:
    if query.get("client_id") != client.id:
        raise web.HTTPNotFound(text="GitHub stand-in: no such client_id\n")
    target = urlsplit(query.get("redirect_uri", ""))
    ours = target.path == client.callback_path and target.scheme in ("http", "https")
    if not ours or not (target.netloc == host or _is_loopback(target.hostname)):
        raise web.HTTPBadRequest(
            text="GitHub stand-in: the redirect_uri is not associated with this "
            f"application; it must end in {client.callback_path!r}\n"
        )
    method = query.get("code_challenge_method", "S256")
    if query.get("code_challenge") and method != "S256":
        raise web.HTTPBadRequest(
            text=f"GitHub stand-in: code_challenge_method {method!r}; use 'S256'\n"
        )


def _is_loopback(host: str | None) -> bool:
    try:
        return ip_address(host or "").is_loopback
    except ValueError:
        return host == "localhost" or (host or "").endswith(".localhost")


class _Pages:
    """The handlers of one stand-in."""

    def __init__(self, github: GitHub) -> None:
        self._github = github
        self._page = _template()

    async def choose(self, request: web.Request) -> web.Response:
        """Show the page on which one picks who to be."""
        _require_fair_request(request.query, self._github.client, request.host)
        rows = [
            (person, STATUS_WORDS[person.status])
            for person in self._github.people.on_github()
        ]
        text = self._page.render(people=rows, fields=dict(request.query))
        return web.Response(
            text=text, content_type="text/html", headers={"Cache-Control": "no-store"}
        )

    async def chosen(self, request: web.Request) -> web.Response:
        """Send the browser back with a code, or with ``access_denied``."""
        form = {key: str(value) for key, value in (await request.post()).items()}
        _require_fair_request(form, self._github.client, request.host)
        if "cancel" in form:
            answer = {
                "error": "access_denied",
                "error_description": "The user has denied your application access.",
            }
        else:
            answer = {"code": self._new_code(form)}
        if "state" in form:
            answer["state"] = form["state"]
        uri = form["redirect_uri"]
        joint = "&" if urlsplit(uri).query else "?"
        raise web.HTTPFound(f"{uri}{joint}{urlencode(answer)}")

    def _new_code(self, form: Mapping[str, str]) -> str:
        try:
            person = self._github.people.by_login(form.get("login", ""))
        except PeopleError as error:
            raise web.HTTPBadRequest(text=f"GitHub stand-in: {error}\n") from None
        assert person.number is not None
        code = secrets.token_hex(10)
        self._github.codes[code] = _Code(
            number=person.number,
            redirect_uri=form["redirect_uri"],
            challenge=form.get("code_challenge", ""),
            scope=form.get("scope", ""),
            ends=self._github.clock() + CODE_LIFE_S,
        )
        return code

    async def access_token(self, request: web.Request) -> web.Response:
        """Exchange a code for a token; refusals are HTTP 200 with ``error``."""
        form = {key: str(value) for key, value in (await request.post()).items()}
        answer = self._exchange(form)
        if "json" in request.headers.get("Accept", ""):
            return web.json_response(answer)
        return web.Response(
            text=urlencode(answer), content_type="application/x-www-form-urlencoded"
        )

    def _exchange(self, form: Mapping[str, str]) -> dict[str, str]:
        client = self._github.client
        given = (form.get("client_id", ""), form.get("client_secret", ""))
        if given != (client.id, client.secret):
            return _refusal(
                "incorrect_client_credentials",
                "The client_id and/or client_secret passed are incorrect.",
            )
        code = self._github.codes.pop(form.get("code", ""), None)
        if code is None or code.ends < self._github.clock():
            return _refusal(
                "bad_verification_code", "The code passed is incorrect or expired."
            )
        if form.get("redirect_uri", code.redirect_uri) != code.redirect_uri:
            return _refusal(
                "redirect_uri_mismatch",
                "The redirect_uri MUST match the registered callback URL.",
            )
        if code.challenge and code.challenge != _s256(form.get("code_verifier", "")):
            return _refusal(
                "bad_verification_code", "The code verifier does not match."
            )
        return {
            "access_token": self._github.issue_token(code.number, code.scope),
            "token_type": "bearer",
            "scope": code.scope.replace(" ", ","),
        }

    def _owner(self, request: web.Request) -> tuple[Person, list[str]]:
        kind, _, token = request.headers.get("Authorization", "").partition(" ")
        owner = self._github.owner(token)
        if kind.lower() not in ("bearer", "token") or owner is None:
            raise web.HTTPUnauthorized(
                text='{"message": "Bad credentials", "status": "401"}',
                content_type="application/json",
            )
        return owner

    async def user(self, request: web.Request) -> web.Response:
        """Tell whose token this is."""
        person, scopes = self._owner(request)
        answer = {
            "login": person.login,
            "id": person.number,
            "type": "User",
            "name": person.name or None,
            "email": person.email,
        }
        return web.json_response(answer, headers={"X-OAuth-Scopes": ", ".join(scopes)})

    async def emails(self, request: web.Request) -> web.Response:
        """Tell the addresses, if the token's scopes allow."""
        person, scopes = self._owner(request)
        if not {"user", "user:email"} & set(scopes):
            return web.json_response({"message": "Not Found"}, status=404)
        private = f"{person.number}+{person.login}@users.noreply.github.com"
        row = {"email": person.email or private, "primary": True, "verified": True}
        return web.json_response([row])


def _refusal(error: str, description: str) -> dict[str, str]:
    return {"error": error, "error_description": description}


def _s256(verifier: str) -> str:
    digest = sha256(verifier.encode()).digest()
    return urlsafe_b64encode(digest).rstrip(b"=").decode()


def github_app(
    github: GitHub, *, prefix: str = "", control_token: str = ""
) -> web.Application:
    """Return the stand-in as an application.

    Parameters
    ----------
    github : GitHub
        People and client.
    prefix : str
        Where it is mounted, for example ``/services/github``.
    control_token : str
        Guards ``{prefix}/_standin/…``; empty keeps those shut.

    Returns
    -------
    aiohttp.web.Application
        With ``/login/oauth/…``, ``/user`` and ``/user/emails``, the latter two also
        under ``/api/v3``, as on a GitHub server of one's own.
    """
    switch = faults.Switch()
    app = web.Application(middlewares=[faults.middleware(switch)])
    pages = _Pages(github)
    app.router.add_get(f"{prefix}/login/oauth/authorize", pages.choose)
    app.router.add_post(f"{prefix}/login/oauth/authorize", pages.chosen)
    app.router.add_post(f"{prefix}/login/oauth/access_token", pages.access_token)
    for api in (f"{prefix}/api/v3", prefix):
        app.router.add_get(f"{api}/user", pages.user)
        app.router.add_get(f"{api}/user/emails", pages.emails)
    faults.add_control(app, switch, control_token, prefix=prefix)
    return app
