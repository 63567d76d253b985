"""Deciding about a person: the archives' answer, and what the hub remembers.

Each decision is one line in the log and one count in the metrics.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from logging import Logger
from typing import Literal

from prometheus_client import Counter

from .ledger import Ledger, LedgerError
from .settings import Login
from .suspended import Suspended
from .verdict import Answer, Decision, Person, Verdict

At = Literal["login", "recheck"]
Ask = Callable[[Person], Awaitable[Decision]]

BOUND = "this login was first seen with another GitHub number"
ANSWERS = Counter(
    "archive_hub_gate_answers",
    "Decisions about people, by occasion and answer.",
    ["at", "answer"],
)


class Gate:
    """Says who may be in.

    Parameters
    ----------
    ask : callable
        Asks the archives about a person.
    login : Login
        Administrators and the grace, from the settings.
    ledger : Ledger
        What the hub remembers.
    suspended : Suspended
        Whom the operator keeps out.
    log : logging.Logger
        Gets one line for each decision.
    """

    def __init__(
        self,
        ask: Ask,
        login: Login,
        ledger: Ledger,
        suspended: Suspended,
        log: Logger,
    ) -> None:
        self._ask = ask
        self._login = login
        self._ledger = ledger
        self._suspended = suspended
        self._log = log

    def is_admin(self, number: int) -> bool:
        """Whether the settings name this GitHub number; a login never counts."""
        return number in self._login.admins

    async def decide(self, login: str, number: int, at: At) -> Decision:
        """Ask about a person and remember the answer.

        Parameters
        ----------
        login, number
            As GitHub says now.
        at : str
            Whether the person logs in or is looked up again.

        Returns
        -------
        Decision
            Administrators are admitted without asking: they must get in when the
            archive is away.
        """
        try:
            decision = self._own_word(number) or await self._ask(Person(login, number))
            decision = self._remember(login, number, decision)
        except LedgerError as error:
            self._log.error("gate: %s", error)
            decision = Decision((Verdict("hub", Answer.UNREACHABLE, "no ledger"),))
        self.tell(number, login, at, decision.answer, decision.reason)
        for verdict in decision.verdicts:
            if verdict.token_dead:
                self._log.error("gate: %s: %s", verdict.archive, verdict.reason)
        return decision

    def _own_word(self, number: int) -> Decision | None:
        """Return what needs no archive: who is suspended, who administers the hub."""
        if (why := self._suspended.everybody().get(number)) is not None:
            return Decision((Verdict("hub", Answer.SUSPENDED, why or "suspended"),))
        if self.is_admin(number):
            named = Verdict("settings", Answer.ADMITTED, "an administrator", True)
            return Decision((named,))
        return None

    def suspended(self) -> list[str]:
        """Return the hub users whom the operator keeps out."""
        try:
            return [user_name(number) for number in self._suspended.everybody()]
        except LedgerError as error:
            self._log.error("gate: %s", error)
            return []

    def _remember(self, login: str, number: int, decision: Decision) -> Decision:
        verdicts = (
            self._bound(verdict, login, number) for verdict in decision.verdicts
        )
        decision = Decision(tuple(verdicts))
        if decision.answer is Answer.ADMITTED:
            self._ledger.note_login(number, login)
            self._ledger.note_admitted(number)
        elif decision.answer.is_no:
            self._ledger.note_refused(number)
        return decision

    def _bound(self, verdict: Verdict, login: str, number: int) -> Verdict:
        if verdict.answer is not Answer.ADMITTED or verdict.number_told:
            return verdict
        if self._ledger.bind(verdict.archive, login, number) == number:
            return verdict
        return replace(verdict, answer=Answer.NOT_REGISTERED, reason=BOUND)

    def in_grace(self, number: int) -> bool:
        """Whether a person who cannot be looked up now may work on."""
        if self.is_admin(number):
            return True
        try:
            return self._ledger.admitted_within(number, self._login.grace_h)
        except LedgerError as error:
            # Our own memory is at fault, not the person: as during any outage, keep.
            self._log.error("gate: %s", error)
            return True

    def login_of(self, name: str) -> str:
        """Return the latest login of the hub user `name`, to show it on a page."""
        number = number_of(name)
        try:
            login = number and self._ledger.login_of(number)
        except LedgerError:
            login = None
        return login or name

    def tell(self, number: int, login: str, at: At, answer: str, reason: str) -> None:
        """Log and count one decision."""
        ANSWERS.labels(at=at, answer=answer.replace(" ", "_")).inc()
        fields = {
            "at": at,
            "number": number,
            "login": login[:64],
            "answer": answer,
            "reason": reason,
        }
        # As JSON, a login cannot forge a second line.
        self._log.info("gate %s", json.dumps(fields))


def user_name(number: int) -> str:
    """Return the hub user of a GitHub account: a number never changes hands."""
    return f"gh-{number}"


def number_of(name: str) -> int | None:
    """Return the GitHub number of a hub user; None if the name is none of ours."""
    digits = name.removeprefix("gh-")
    ours = name.startswith("gh-") and digits.isascii() and digits.isdigit()
    return int(digits) if ours and len(digits) < 20 else None
