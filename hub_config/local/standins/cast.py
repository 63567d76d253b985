"""One person as GitHub and the archive see them, and the cast of the local hub."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Status = Literal["INCOMPLETE", "PENDING", "APPROVED", "REJECTED"]


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


DEFAULT_CAST = (
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
    Person(
        number=1009,
        login="canary",
        name="Health Check",
        status="APPROVED",
        joined=8,
        note="comes with `archive-hub health`",
    ),
)
DEFAULT_LOGIN = "ada"
DEFAULT_ADMIN = 1002
