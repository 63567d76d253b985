"""The people whom the stand-ins of GitHub and of the archive know.

One list serves both, so that a renamed or rejected person is so everywhere at once.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

Status = Literal["INCOMPLETE", "PENDING", "APPROVED", "REJECTED"]


class PeopleError(ValueError):
    """A person does not exist, or a change would make two of one."""


class Person(BaseModel):
    """One person as GitHub and the archive see them.

    Parameters
    ----------
    number : int, optional
        GitHub's account number; absent for an archive account without GitHub.
    login : str
        GitHub's login now, or the account name where there is no GitHub account.
    name : str
        As shown; the archive takes its first and last name from it.
    email : str, optional
        The public address, if any.
    status : str, optional
        What the archive says; absent if the archive does not know the person.
    archive_login : str, optional
        The login at the last sign-in to the archive, where it is not `login`.
    joined : int
        Order of joining the archive; its search lists the oldest first.
    generation : int
        GitHub tokens of an earlier generation are revoked.
    note : str
        What this person is for, shown in the stand-in.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    number: int | None = Field(default=None, gt=0)
    login: str = Field(min_length=1)
    name: str = ""
    email: str | None = None
    status: Status | None = None
    archive_login: str | None = None
    joined: int = 0
    active: bool = True
    admin: bool = False
    generation: int = 0
    note: str = ""

    @property
    def username(self) -> str:
        """The login that the archive shows."""
        return self.archive_login or self.login

    @property
    def first_name(self) -> str:
        """All of the name but its last word."""
        return self.name.rpartition(" ")[0]

    @property
    def last_name(self) -> str:
        """The last word of the name."""
        return self.name.rpartition(" ")[2]


def _cast() -> tuple[Person, ...]:
    return (
        Person(
            number=1001,
            login="ada",
            name="Ada Marsh",
            email="ada@example.org",
            status="APPROVED",
            joined=1,
            note="a scientist",
        ),
        Person(
            number=1002,
            login="grace",
            name="Grace Okafor",
            email="grace@example.org",
            status="APPROVED",
            joined=2,
            note="operates this hub",
        ),
        Person(
            number=1003,
            login="Tomas-N",
            name="Tomás Novák",
            status="APPROVED",
            joined=3,
            note="teaches a class",
        ),
        Person(
            number=1004,
            login="mei",
            name="Mei Lin",
            status="APPROVED",
            joined=4,
            note="a student of the class",
        ),
        Person(number=1005, login="noor", name="Noor Haddad", note="a visitor"),
        Person(
            number=1006,
            login="piotr",
            name="Piotr Zielinski",
            status="PENDING",
            joined=5,
            note="asked the archive yesterday",
        ),
        Person(
            number=1007,
            login="ines",
            name="Ines Duarte",
            status="INCOMPLETE",
            joined=6,
            note="did not finish the archive's form",
        ),
        Person(
            number=1008,
            login="rudi",
            name="Rudi Vogel",
            status="REJECTED",
            joined=7,
            note="was turned down",
        ),
    )


DEFAULT_CAST = _cast()
DEFAULT_LOGIN = "ada"
DEFAULT_ADMIN = 1002

_LIST = TypeAdapter(list[Person])


class People:
    """The list, with the switches that tests and the curious need.

    Parameters
    ----------
    people : iterable of Person
        Whom to start with, unless `path` holds a list already.
    path : Path, optional
        A JSON file that keeps the list over restarts; in memory only without it.

    Raises
    ------
    PeopleError
        The file is not such a list, or two people share a number or a login.
    """

    def __init__(
        self, people: Iterable[Person] = DEFAULT_CAST, path: Path | None = None
    ) -> None:
        self._path = path
        self._people: list[Person] = []
        if path is not None and path.exists():
            people = _read(path)
        self.replace(people)

    def __iter__(self) -> Iterator[Person]:
        return iter(self._people)

    def on_github(self) -> list[Person]:
        """Those with a GitHub account, in the order of the list."""
        return [person for person in self._people if person.number is not None]

    def by_number(self, number: int) -> Person:
        """Return the person with this GitHub number.

        Raises
        ------
        PeopleError
            There is none.
        """
        for person in self._people:
            if person.number == number:
                return person
        known = ", ".join(str(person.number) for person in self.on_github())
        raise PeopleError(f"people: no GitHub number {number!r}; there are {known}")

    def by_login(self, login: str) -> Person:
        """Return the person who has this GitHub login now, whatever the letter case.

        Raises
        ------
        PeopleError
            There is none.
        """
        for person in self.on_github():
            if person.login.lower() == login.lower():
                return person
        known = ", ".join(person.login for person in self.on_github())
        raise PeopleError(f"people: no login {login!r}; there are {known}")

    def replace(self, people: Iterable[Person]) -> None:
        """Take this list instead.

        Raises
        ------
        PeopleError
            Two people share a number or a GitHub login; the old list stays.
        """
        new = list(people)
        _require_unique(new)
        self._people = new
        self._write()

    def add(self, person: Person) -> None:
        """Add one person.

        Raises
        ------
        PeopleError
            The number or the GitHub login is taken.
        """
        self.replace([*self._people, person])

    def change(self, number: int, **changes: object) -> Person:
        """Change fields of one person, for example ``login`` or ``status``.

        A renamed person is still the old login to the archive, as in reality: it learns
        the new one at the next sign-in there.

        Raises
        ------
        PeopleError
            No such person, no such field, or a value that does not fit.
        """
        old = self.by_number(number)
        if "login" in changes and old.status is not None:
            changes.setdefault("archive_login", old.username)
        try:
            new = Person.model_validate({**old.model_dump(), **changes})
        except ValidationError as error:
            fault = error.errors()[0]
            field = ".".join(str(part) for part in fault["loc"])
            raise PeopleError(
                f"people: {number}: {field}: {fault['msg']}, got {fault['input']!r}"
            ) from None
        self.replace([new if person is old else person for person in self._people])
        return new

    def revoke(self, number: int) -> Person:
        """Revoke every GitHub token of one person.

        Raises
        ------
        PeopleError
            No such person.
        """
        return self.change(number, generation=self.by_number(number).generation + 1)

    def recycle(self, login: str, number: int) -> Person:
        """Let a new GitHub account take a login that its owner gave up.

        Parameters
        ----------
        login : str
            Free on GitHub since its owner was renamed.
        number : int
            Of the new account, which the archive does not know.

        Raises
        ------
        PeopleError
            The login or the number is taken.
        """
        note = "took a free login"
        person = Person(number=number, login=login, name=login, note=note)
        self.add(person)
        return person

    def dump(self) -> list[dict[str, Any]]:
        """Return the list as JSON values."""
        return [person.model_dump() for person in self._people]

    def _write(self) -> None:
        if self._path is None:
            return
        folder = self._path.parent
        with tempfile.NamedTemporaryFile(
            "w", encoding="utf-8", dir=folder, prefix=".people-", delete=False
        ) as file:
            json.dump(self.dump(), file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        Path(file.name).replace(self._path)


def parse(people: object) -> list[Person]:
    """Check a list of people given as JSON values.

    Raises
    ------
    PeopleError
        It is none; the first fault is named.
    """
    try:
        return _LIST.validate_python(people)
    except ValidationError as error:
        fault = error.errors()[0]
        where = ".".join(str(part) for part in fault["loc"]) or "list"
        raise PeopleError(f"people: {where}: {fault['msg']}") from None


def _read(path: Path) -> list[Person]:
    try:
        return parse(json.loads(path.read_text(encoding="utf-8")))
    except (ValueError, OSError) as error:
        raise PeopleError(f"{path}: not a list of people: {error}") from None


def _require_unique(people: list[Person]) -> None:
    numbers: dict[int, str] = {}
    logins: dict[str, int] = {}
    for person in people:
        if person.number is None:
            continue
        if person.number in numbers:
            raise PeopleError(
                f"people: number {person.number} twice: {numbers[person.number]!r} "
                f"and {person.login!r}"
            )
        if person.login.lower() in logins:
            raise PeopleError(
                f"people: login {person.login!r} twice: numbers "
                f"{logins[person.login.lower()]} and {person.number}; rename one first"
            )
        numbers[person.number] = person.login
        logins[person.login.lower()] = person.number
