"""Finding a person whom an operator names: by number, ``gh-NUMBER`` or login."""

from __future__ import annotations

from .failure import Failure
from .gate import number_of
from .ledger import Ledger


class UnknownPerson(Failure, ValueError):
    """Nobody, or more than one person, is called so."""


def person(ledger: Ledger, who: str) -> int:
    """Return the GitHub number of `who`: a number, ``gh-NUMBER`` or a login.

    Raises
    ------
    UnknownPerson
        The hub never saw the login, or saw it with several accounts.
    """
    number = number_of(who if who.startswith("gh-") else f"gh-{who}")
    if number is not None:
        return number
    numbers = ledger.numbers_called(who)
    if not numbers:
        raise UnknownPerson(
            f"person: nobody logged in here as {who!r}; give the GitHub number"
        )
    if len(numbers) > 1:
        several = ", ".join(map(str, numbers))
        raise UnknownPerson(
            f"person: {who!r} was the login of several accounts; give the number, "
            f"one of {several}"
        )
    return numbers[0]
