"""What a refused person reads: what happened, what to do, whom to ask."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tornado import web

from .gate import BOUND
from .settings import Archive, Hub
from .verdict import Answer, Decision

RETRY_AFTER_S = 120
_AGAIN = "Try again in a few minutes."


@dataclass(frozen=True)
class Page:
    """The text of one refusal; `error.html` sets it.

    Parameters
    ----------
    status : int
        403 if the answer is no, 503 if nobody could be asked.
    title, happened : str
        One line; one or two sentences.
    todo : tuple of str
        What the person can do, in order.
    links : tuple of (str, str)
        Texts and addresses that help with it.
    """

    status: int
    title: str
    happened: str
    todo: tuple[str, ...]
    links: tuple[tuple[str, str], ...] = ()


class Refusal(web.HTTPError):
    """Somebody may not come in now; carries the page that says so.

    Parameters
    ----------
    page : Page
        What to show.
    """

    def __init__(self, page: Page) -> None:
        super().__init__(page.status, "%s", page.title)
        self.page = page
        self.jupyterhub_message = page.title
        self.headers: dict[str, Any] = {"Cache-Control": "no-store"}
        if page.status == 503:
            self.headers["Retry-After"] = str(RETRY_AFTER_S)


def github_away() -> Page:
    """Return the page for a GitHub that does not answer, or not sensibly."""
    return Page(
        status=503,
        title="GitHub cannot be asked right now",
        happened="You sign in here with your GitHub account, and GitHub did not answer "
        "as it should. This says nothing about you or your files.",
        todo=(_AGAIN, "See whether GitHub reports an incident."),
        links=(("GitHub's status", "https://www.githubstatus.com"),),
    )


def refused(decision: Decision, login: str, hub: Hub) -> Page:
    """Return the page for an answer that does not admit.

    Parameters
    ----------
    decision : Decision
        What the archives say.
    login : str
        What the person is called on GitHub, shown so that a wrong account is noticed.
    hub : Hub
        Names and addresses of the archives.
    """
    decisive = [
        verdict
        for verdict in decision.verdicts
        if verdict.answer is decision.answer and verdict.archive in hub.archives
    ]
    archives = [hub.archives[verdict.archive] for verdict in decisive]
    name = " and ".join(archive.name for archive in archives) or hub.hub.name
    if decision.answer is Answer.SUSPENDED:
        return _suspended(login, hub.hub.name)
    if decision.answer is Answer.UNREACHABLE:
        return _unreachable(name, login)
    if decision.answer is Answer.CUT_SHORT:
        return _cut_short(name, login)
    if decision.answer is Answer.PENDING:
        return _pending(name, login, archives)
    if any(verdict.reason == BOUND for verdict in decisive):
        return _bound(login, hub)
    return _not_registered(login, archives)


def _unreachable(name: str, login: str) -> Page:
    return Page(
        status=503,
        title=f"{name} cannot be asked right now",
        happened=f"You are signed in to GitHub as {login}, but {name} did not answer "
        "when we asked whether you are registered. This says nothing about you.",
        todo=(_AGAIN,),
    )


def _cut_short(name: str, login: str) -> Page:
    return Page(
        status=503,
        title="Your registration could not be looked up",
        happened=f"So many names at {name} contain {login!r} that its answer was cut "
        "short before it came to you. You may well be registered.",
        todo=(
            f"Write to the support address below and give your GitHub login, {login}.",
        ),
    )


def _pending(name: str, login: str, archives: list[Archive]) -> Page:
    return Page(
        status=403,
        title=f"Your registration with {name} is not approved yet",
        happened=f"{name} knows the GitHub account {login}, but has not approved it.",
        todo=(
            "If you did not finish the archive's form, sign in there and finish it.",
            "Wait for its e-mail that says you are approved, then sign in here again.",
        ),
        links=_links(archives),
    )


def _bound(login: str, hub: Hub) -> Page:
    return Page(
        status=403,
        title=f"The login {login} belonged to somebody else",
        happened=f"{hub.hub.name} first met this login with another GitHub account. "
        "Logins change hands on GitHub, so we go by account numbers.",
        todo=(
            "Write to the support address below if you registered under this login.",
        ),
    )


def _suspended(login: str, name: str) -> Page:
    return Page(
        status=403,
        title=f"{login} is suspended here",
        happened=f"The people who run {name} have suspended this account: its server "
        "was stopped and it cannot sign in. Its files are kept.",
        todo=("Write to the support address below, and say what you were doing.",),
    )


def _not_registered(login: str, archives: list[Archive]) -> Page:
    name = " or ".join(archive.name for archive in archives) or "the archive"
    return Page(
        status=403,
        title=f"Not registered with {name}, or still waiting for approval",
        happened=f"You are signed in to GitHub as {login}. This account is not among "
        f"the approved people of {name}.",
        todo=(
            "Register with the archive, signing in there with this GitHub account.",
            "Wait for its e-mail that says you are approved, then sign in here again.",
            "If you renamed your GitHub account, sign in to the archive once more.",
        ),
        links=_links(archives),
    )


def _links(archives: list[Archive]) -> tuple[tuple[str, str], ...]:
    return tuple(
        (f"Register with {archive.name}", archive.register_url) for archive in archives
    )
