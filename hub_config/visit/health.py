"""Does the hub do what people come for?  It is asked as a person would.

Log in through the login page, start the smallest server, read a recording from S3, add
up an array on two Dask workers, stop.  What was started is stopped, however it ends.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from .browser import STAND_IN, CouldNotAsk, VisitFailed, Visitor
from .secret import reveal
from .server import Server

PROFILE = "tiny"
# Of the stand-ins' people; it has no work that could be lost.
CANARY = "canary"
# A machine and an image may have to come first.
START_S = DASK_S = 600
READ_S = 120
STOP_S = 120
# The hub looks at its parts every 15 s.
LOOKS_AGAIN_S = 20
# Longer than any check runs.
LEFTOVER_S = 30 * 60

READ = """
from archive_data import open_nwb, stats
nwb = open_nwb(
    "DANDI:000054/0.210819.1547", "sub-F1/sub-F1_ses-20190407T210000_behavior+ophys.nwb"
)
series = nwb.acquisition["TwoPhotonSeries"].data
assert series[:2].mean() > 0
print(stats().received_bytes)
"""
DASK = """
from dask_gateway import GatewayCluster
import dask.array
cluster = GatewayCluster()
try:
    cluster.scale(2)
    client = cluster.get_client()
    client.wait_for_workers(2, timeout=570)
    print(int(dask.array.ones((2000, 2000), chunks=500).sum().compute()))
finally:
    cluster.shutdown()
"""


def _just_now(part: dict[str, Any], headers: httpx.Headers) -> bool:
    """Whether the hub has not looked a second time since a part fell ill.

    A hub that has just started looks before what starts beside it is there.
    """
    if "since" not in part or "Date" not in headers:
        return False
    # By the hub's own clock, which may differ from ours.
    now = parsedate_to_datetime(headers["Date"])
    age_s = (now - datetime.fromisoformat(part["since"])).total_seconds()
    # "Later" is a clock that is wrong; a second is what both are rounded to.
    return -1 <= age_s < LOOKS_AGAIN_S


@dataclass(frozen=True)
class Account:
    """Whom the check logs in as.

    Parameters
    ----------
    login : str
        One of the stand-in's people.
    reference : str
        Where the canary's GitHub session is kept, see `reveal`; empty: nowhere.
    github : str
        Host name of GitHub.
    """

    login: str = CANARY
    reference: str = ""
    github: str = "github.com"

    @property
    def is_canary(self) -> bool:
        """Whether nobody works under it, so that what is left of it may be stopped."""
        return self.login == CANARY


@dataclass(frozen=True)
class Step:
    """What one step found.

    Parameters
    ----------
    name : str
        What was tried.
    ok : bool or None
        None: could not ask.
    took_s : float
        Seconds.
    detail : str
        What there is to say, one line.
    """

    name: str
    ok: bool | None
    took_s: float
    detail: str = ""


@dataclass
class Check:
    """One health check.

    Parameters
    ----------
    visitor : Visitor
        At the hub's address, not logged in.
    account : Account
        Whom to log in as.
    tell : callable
        Called with each step as soon as it is done.
    leftover_s : float
        A server of the canary's that is older was left by a check that was killed.
    """

    visitor: Visitor
    account: Account
    tell: Callable[[Step], object]
    leftover_s: float = LEFTOVER_S
    steps: list[Step] = field(default_factory=list)
    person: str = field(default="", init=False)
    may_run: bool = field(default=False, init=False)

    def run(self) -> list[Step]:
        """Take the steps, until one fails; stop what was started, however it ends."""
        try:
            fine = self._try("hub answers", self._answer)
            # A part that is ill keeps nobody out at once: go on, and say both.
            for name, step in self._aside().items():
                fine and self._try(name, step)
            for name, step in self._way().items():
                fine = fine and self._try(name, step)
        finally:
            if self.may_run:
                self._try("stop", self._stop)
        return self.steps

    def _aside(self) -> dict[str, Callable[[], str]]:
        """Return the steps that no other needs."""
        return {"each part is well": self._parts}

    def _way(self) -> dict[str, Callable[[], str]]:
        """Return the steps that need the one before."""
        return {"log in": self._log_in, **self._work()}

    def _work(self) -> dict[str, Callable[[], str]]:
        return {
            f"start {PROFILE.capitalize()}": self._start,
            "read from S3": self._read,
            "add up on two Dask workers": self._compute,
        }

    def _try(self, name: str, step: Callable[[], str]) -> bool:
        started, ok, detail = time.perf_counter(), None, ""
        try:
            detail = step()
            ok = True
        except VisitFailed as error:
            ok, detail = False, str(error)
        except CouldNotAsk as error:
            detail = str(error)
        except httpx.HTTPStatusError as error:
            ok, detail = False, f"HTTP {error.response.status_code}"
        except (ValueError, KeyError, TypeError):
            ok, detail = False, "the answer is not one of a JupyterHub"
        except (httpx.HTTPError, OSError) as error:
            # Before anything has answered, it may be our own network.
            ok = False if self.steps else None
            detail = f"no answer: {error or type(error).__name__}"
        took = time.perf_counter() - started
        self.steps.append(Step(name, ok, took, " ".join(detail.split())))
        self.tell(self.steps[-1])
        return bool(ok)

    def _answer(self) -> str:
        self.visitor.get("/hub/health").raise_for_status()
        return ""

    def _parts(self) -> str:
        deadline = time.monotonic() + LOOKS_AGAIN_S
        while True:
            answer = self.visitor.get("/hub/health/parts")
            if answer.status_code == 404:
                raise CouldNotAsk("this hub does not tell of its parts")
            if answer.status_code != 503:
                answer.raise_for_status()
            told: dict[str, Any] = answer.json()
            ill = {name: one for name, one in told.items() if not one["ok"]}
            if not ill:
                return f"{len(told)} parts"
            fresh = any(_just_now(one, answer.headers) for one in ill.values())
            # A part that comes and goes is not waited for without end.
            if not fresh or time.monotonic() > deadline:
                raise VisitFailed(
                    "; ".join(f"{name}: {one['says']}" for name, one in ill.items())
                )
            time.sleep(1)

    def _log_in(self) -> str:
        page = self._sign_in()
        if page.status_code == 503:
            raise VisitFailed("the hub says that the archive or GitHub does not answer")
        if not page.is_success:
            raise VisitFailed(
                f"the hub lets the canary not in: HTTP {page.status_code}; "
                "is it registered with the archive?"
            )
        self.person = self.visitor.name
        return self.person

    def _sign_in(self) -> httpx.Response:
        account = self.account
        if account.reference:
            session = reveal(account.reference)
            return self.visitor.log_in_with_session(session, account.github)
        if self.visitor.to_github().url.path != STAND_IN:
            raise CouldNotAsk(
                "the hub sends people to the real GitHub, and there is no canary to "
                "log in as; name where its session is kept with --canary"
            )
        page = self.visitor.log_in(account.login)
        if page.status_code == 400:
            raise CouldNotAsk(f"{' '.join(page.text.split())}; name one with --login")
        return page

    def _start(self) -> str:
        said = self._clear()
        # From here on there may be a server, whatever we hear of it.
        self.may_run = True
        self.visitor.start_server(self.person, PROFILE, START_S)
        return said

    def _clear(self) -> str:
        """Stop what a killed check left; touch no server of a person's."""
        found = self.visitor.server_of(self.person)
        if not found:
            return ""
        started = datetime.fromisoformat(found.get("started") or "1970-01-01T00:00:00Z")
        age_s = (datetime.now(UTC) - started).total_seconds()
        if not self.account.is_canary or age_s < self.leftover_s:
            raise CouldNotAsk(
                f"{self.person} has a server already, {age_s / 60:.0f} minutes old: "
                "another check, or somebody's work; try again later"
            )
        self.visitor.stop_server(self.person, STOP_S)
        return "stopped one that an earlier check left"

    def _cell(self, code: str, timeout_s: float) -> str:
        output = Server(self.visitor, self.person).run(code, timeout_s)
        if output.error:
            raise VisitFailed(output.error)
        lines = output.text.strip().splitlines()
        return lines[-1] if lines else ""

    def _read(self) -> str:
        received = int(self._cell(READ, READ_S) or 0)
        if received <= 0:
            raise VisitFailed("nothing came over the network")
        return f"{received / 1e6:.1f} MB"

    def _compute(self) -> str:
        total = self._cell(DASK, DASK_S)
        if total != "4000000":
            raise VisitFailed(f"the sum of 4,000,000 ones is {total!r}")
        return ""

    def _stop(self) -> str:
        # Its Dask clusters end with it.
        self.visitor.stop_server(self.person, STOP_S)
        return ""


def exit_code(steps: list[Step]) -> int:
    """Return 0 for a healthy hub, 1 for one that is not, 2 if nothing was learned."""
    found = [step.ok for step in steps]
    if False in found:
        return 1
    return 2 if None in found or not found else 0
