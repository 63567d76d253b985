"""Reading what an archive answered about a person: one of five answers, and why.

"No" and "could not ask" are different answers.  Nothing is fetched here, so that any
answer whatever can be tried on `read`.

The archive's search is a substring search, cut at ten rows, of approved people only
(dandi/dandi-archive at 3e3c3c9c584a, ``views/users.py``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, StrEnum
from typing import Any

ROWS = 10


class Answer(StrEnum):
    """What a person is told: one of five from the archives, the last from us."""

    ADMITTED = "admitted"
    NOT_REGISTERED = "not registered"
    PENDING = "pending"
    UNREACHABLE = "archive unreachable"
    CUT_SHORT = "answer cut short"
    SUSPENDED = "suspended"

    @property
    def is_no(self) -> bool:
        """Whether somebody said no, rather than nothing."""
        return self in (Answer.NOT_REGISTERED, Answer.PENDING, Answer.SUSPENDED)


# An answer earlier in this order outweighs a later one of another archive.
_WEIGHT = (
    Answer.SUSPENDED,
    Answer.ADMITTED,
    Answer.CUT_SHORT,
    Answer.UNREACHABLE,
    Answer.PENDING,
    Answer.NOT_REGISTERED,
)


@dataclass(frozen=True)
class Person:
    """Whom to ask about.

    Parameters
    ----------
    login : str
        GitHub's login now.
    number : int, optional
        GitHub's account number; unknown when a teacher asks beforehand.
    """

    login: str
    number: int | None = None


@dataclass(frozen=True)
class Verdict:
    """What one archive says.

    Parameters
    ----------
    archive : str
        Its name in the settings.
    answer : Answer
        One of five.
    reason : str
        A few words for the log and for the operator.
    number_told : bool
        The archive itself said that the row is this GitHub number.
    token_dead : bool
        The archive refused the hub's own token.
    """

    archive: str
    answer: Answer
    reason: str
    number_told: bool = False
    token_dead: bool = False


@dataclass(frozen=True)
class Decision:
    """What all archives together say."""

    verdicts: tuple[Verdict, ...]

    @property
    def answer(self) -> Answer:
        """Admitted by one is admitted; no is no only if every archive says so."""
        said = {verdict.answer for verdict in self.verdicts}
        return next(answer for answer in _WEIGHT if answer in said)

    @property
    def reason(self) -> str:
        """Each archive's reason, in the order of the settings."""
        return "; ".join(
            f"{verdict.archive}: {verdict.reason}" for verdict in self.verdicts
        )


class _Row(Enum):
    """What one row of an answer says about one person."""

    OTHER = 1
    APPROVED = 2
    APPROVED_NUMBER = 3
    WAITING = 4
    TURNED_DOWN = 5
    UNREADABLE = 6


def read(archive: str, rows: object, person: Person, *, complete: bool) -> Verdict:
    """Read an archive's answer.

    Parameters
    ----------
    archive : str
        Its name, for the verdict.
    rows : object
        The parsed body of the answer, whatever it is.
    person : Person
        Who was asked about.
    complete : bool
        The answer is the list of everybody, not a search that is cut at ten rows.

    Returns
    -------
    Verdict
        Never raises: what cannot be read is *archive unreachable*.
    """
    if not isinstance(rows, list):
        return Verdict(archive, Answer.UNREACHABLE, "the answer is not a list")
    seen = {_about(row, person) for row in rows}
    if _Row.APPROVED_NUMBER in seen:
        return Verdict(archive, Answer.ADMITTED, "listed by number", number_told=True)
    if _Row.APPROVED in seen:
        return Verdict(archive, Answer.ADMITTED, "listed by login")
    if _Row.UNREADABLE in seen:
        return Verdict(archive, Answer.UNREACHABLE, "a row cannot be read")
    if _Row.WAITING in seen:
        return Verdict(archive, Answer.PENDING, "waiting for approval")
    if _Row.TURNED_DOWN in seen:
        return Verdict(archive, Answer.NOT_REGISTERED, "turned down")
    if len(rows) >= ROWS and not complete:
        reason = f"{len(rows)} rows without this login: the list may be cut"
        return Verdict(archive, Answer.CUT_SHORT, reason)
    return Verdict(archive, Answer.NOT_REGISTERED, "not listed")


def _about(row: object, person: Person) -> _Row:
    if not isinstance(row, dict) or not isinstance(row.get("username"), str):
        return _Row.UNREADABLE
    match = _matches(row, person)
    if match is not True:
        return _Row.UNREADABLE if match is None else _Row.OTHER
    status = row.get("status", "APPROVED")
    if status == "APPROVED":
        told = row.get("github_id") is not None and person.number is not None
        return _Row.APPROVED_NUMBER if told else _Row.APPROVED
    if status in ("PENDING", "INCOMPLETE"):
        return _Row.WAITING
    return _Row.TURNED_DOWN if status == "REJECTED" else _Row.UNREADABLE


def _matches(row: Mapping[str, Any], person: Person) -> bool | None:
    """Whether the row is this person; None if it cannot be read."""
    same_login = _same_login(row["username"], person.login)
    if "github_id" not in row:
        return same_login
    told = row["github_id"]
    if told is None:
        # The archive tells numbers, and this account has none: its name is no login.
        return False
    if isinstance(told, str) and told.isascii() and told.isdigit():
        told = int(told[:20])
    if type(told) is not int:
        return None
    return same_login if person.number is None else told == person.number


def _same_login(name: str, login: str) -> bool:
    # GitHub logins are ASCII.  Unicode folding would make the Kelvin sign a "k".
    return name.isascii() and login.isascii() and name.casefold() == login.casefold()
