"""Reading and fetching what the archives answer."""

import asyncio
from random import Random

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from hub_config import settings
from hub_config.local.serving import serving
from hub_config.local.standins import accounts, faults
from hub_config.local.standins.cast import Person as Known
from hub_config.local.standins.people import People
from hub_config.registration import ask, new_client, token_health
from hub_config.verdict import Answer, Decision, Person, Verdict, read

BEN = Person("Ben", 7)


def row(username="ben", **more):
    return {"admin": False, "username": username, "name": "B", **more}


@pytest.mark.parametrize(
    ("rows", "answer"),
    [
        ([], Answer.NOT_REGISTERED),
        ([row(status="APPROVED")], Answer.ADMITTED),
        ([row()], Answer.ADMITTED),
        ([row("BEN", status="APPROVED")], Answer.ADMITTED),
        ([row("benny", status="APPROVED")], Answer.NOT_REGISTERED),
        ([row(status="PENDING")], Answer.PENDING),
        ([row(status="INCOMPLETE")], Answer.PENDING),
        ([row(status="REJECTED")], Answer.NOT_REGISTERED),
        ([row(status=None)], Answer.UNREACHABLE),
        ([row(status="approved")], Answer.UNREACHABLE),
        ([row(None)], Answer.UNREACHABLE),
        ([None], Answer.UNREACHABLE),
        ([row(None), row()], Answer.ADMITTED),
        ({"results": [row()]}, Answer.UNREACHABLE),
        (None, Answer.UNREACHABLE),
        ([row(f"ben{n}") for n in range(9)], Answer.NOT_REGISTERED),
        ([row(f"ben{n}") for n in range(10)], Answer.CUT_SHORT),
        ([row(github_id=7)], Answer.ADMITTED),
        ([row(github_id="7")], Answer.ADMITTED),
        ([row("another", github_id=7)], Answer.ADMITTED),
        ([row(github_id=8)], Answer.NOT_REGISTERED),
        ([row(github_id=None)], Answer.NOT_REGISTERED),
        ([row(github_id=True)], Answer.UNREACHABLE),
        ([row(github_id=7.0)], Answer.UNREACHABLE),
    ],
)
def test_each_answer_is_read_for_what_it_says(rows, answer):
    assert read("a", rows, BEN, complete=False).answer is answer


def test_a_look_alike_letter_is_another_login():
    kelvin = [row("\u212aevin", status="APPROVED")]
    verdict = read("a", kelvin, Person("kevin", 7), complete=False)
    assert verdict.answer is Answer.NOT_REGISTERED


def test_without_a_number_an_account_without_github_is_still_nobody():
    verdict = read("a", [row(github_id=None)], Person("ben"), complete=False)
    assert verdict.answer is Answer.NOT_REGISTERED


LOGINS = st.sampled_from(["ben", "Ben", "BEN", "benny", "be", "\u1e9een", "", "b en"])
ODD = st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.floats()
STATUSES = st.sampled_from(["APPROVED", "PENDING", "REJECTED", "INCOMPLETE"]) | ODD
ROWS = st.fixed_dictionaries(
    {},
    optional={
        "username": LOGINS | ODD,
        "status": STATUSES,
        "github_id": st.sampled_from([7, 8, "7", "8"]) | ODD,
        "name": ODD,
    },
)
ANSWERS = st.lists(ROWS | ODD, max_size=12) | ODD | st.dictionaries(st.text(), ODD)


def may_admit(entry):
    """Say independently whether a row speaks for Ben, number 7."""
    if not isinstance(entry, dict) or entry.get("status", "APPROVED") != "APPROVED":
        return False
    if not isinstance(entry.get("username"), str):
        return False
    if "github_id" in entry:
        return str(entry["github_id"]) in ("7", "07", "007") and not isinstance(
            entry["github_id"], bool
        )
    return entry.get("username") in ("ben", "Ben", "BEN")


def require_fair(rows, complete):
    answer = read("a", rows, BEN, complete=complete).answer
    speaks = isinstance(rows, list) and any(may_admit(entry) for entry in rows)
    assert (answer is Answer.ADMITTED) == speaks
    if answer is Answer.NOT_REGISTERED:
        told = any(isinstance(e, dict) and e.get("status") == "REJECTED" for e in rows)
        assert complete or len(rows) < 10 or told


@hypothesis_settings(max_examples=1_000, deadline=None)
@given(ANSWERS, st.booleans())
def test_no_answer_admits_wrongly_or_raises(rows, complete):
    require_fair(rows, complete)


@pytest.mark.parametrize("seed", range(4))
def test_ten_thousand_answers_admit_nobody_wrongly(seed):
    draw = Random(seed)
    odd = [None, True, 0, 7.0, "", "x", [], {}, float("nan"), 10**30, "7" * 5_000]
    fields = {
        "username": ["ben", "BEN", "benny", "\u212aen", *odd],
        "status": ["APPROVED", "PENDING", "REJECTED", "INCOMPLETE", *odd],
        "github_id": [7, 8, "7", "8", *odd],
    }
    for _ in range(10_000):
        rows = [
            {
                key: draw.choice(values)
                for key, values in fields.items()
                if draw.random() < 0.7
            }
            for _ in range(draw.randrange(13))
        ]
        require_fair(rows, draw.random() < 0.5)


@pytest.mark.parametrize(
    ("answers", "together"),
    [
        ("not registered, admitted", Answer.ADMITTED),
        ("archive unreachable, admitted", Answer.ADMITTED),
        ("not registered, archive unreachable", Answer.UNREACHABLE),
        ("pending, archive unreachable", Answer.UNREACHABLE),
        ("answer cut short, not registered", Answer.CUT_SHORT),
        ("pending, not registered", Answer.PENDING),
        ("not registered, not registered", Answer.NOT_REGISTERED),
    ],
)
def test_no_is_no_only_if_every_archive_says_so(answers, together):
    verdicts = [Verdict("a", Answer(answer), "") for answer in answers.split(", ")]
    assert Decision(tuple(verdicts)).answer is together


@pytest.fixture
async def archive(monkeypatch):
    """Serve one archive that knows Ada behind ten others; return it and its switch."""
    monkeypatch.setenv("TOKEN_A", "good")
    crowd = [
        Known(number=n, login=f"ada{n}", status="APPROVED", joined=n)
        for n in range(1, 11)
    ]
    ada = Known(number=99, login="ada", name="A", status="APPROVED", joined=99)
    eve = Known(number=98, login="eve", status="APPROVED", joined=98)
    switch = faults.Switch()
    app = web.Application(middlewares=[faults.middleware(switch)])
    callers = {"good": accounts.Caller("hub", admin=True), "low": accounts.Caller("l")}
    waiting = accounts.Caller("w", status="PENDING")
    known = accounts.Accounts(People([*crowd, ada, eve]), {**callers, "new": waiting})
    accounts.add_routes(app, known)
    async with serving(app) as url:
        declared = settings.load().archives["dandi"]
        update = {"api_url": f"{url}/api", "token_env": "TOKEN_A"}
        yield declared.model_copy(update=update), switch


async def asked(archive, login, number=None, timeout_s=3.0):
    async with new_client() as client:
        return await ask(
            {"a": archive}, Person(login, number), timeout_s=timeout_s, client=client
        )


async def test_the_archive_is_asked_over_http(archive):
    assert (await asked(archive[0], "EVE")).answer is Answer.ADMITTED
    assert (await asked(archive[0], "ev")).answer is Answer.NOT_REGISTERED
    assert (await asked(archive[0], "ada")).answer is Answer.CUT_SHORT


async def test_the_exact_list_decides_what_was_cut_short(archive):
    exact = archive[0].model_copy(update={"exact_list": True})
    assert (await asked(exact, "ada")).answer is Answer.ADMITTED
    assert (await asked(exact, "ad")).answer is Answer.NOT_REGISTERED


async def test_an_exact_list_that_refuses_the_token_leaves_the_answer_cut(
    archive, monkeypatch
):
    monkeypatch.setenv("TOKEN_A", "low")
    exact = archive[0].model_copy(update={"exact_list": True})
    decision = await asked(exact, "ada")
    assert decision.answer is Answer.CUT_SHORT
    assert decision.verdicts[0].token_dead


@pytest.mark.parametrize("token", ["", "wrong", "new", "t\u00f6ken", "a\nb"])
async def test_a_dead_token_is_unreachable_and_said_apart(archive, monkeypatch, token):
    monkeypatch.setenv("TOKEN_A", token)
    decision = await asked(archive[0], "eve")
    assert decision.answer is Answer.UNREACHABLE
    assert decision.verdicts[0].token_dead


@pytest.mark.parametrize(
    ("token", "alive"), [("good", True), ("new", False), ("x", False)]
)
async def test_a_tokens_health_is_told_without_a_login(
    archive, monkeypatch, token, alive
):
    monkeypatch.setenv("TOKEN_A", token)
    async with new_client() as client:
        health = await token_health({"a": archive[0]}, timeout_s=3, client=client)
    assert health["a"].alive is alive


@pytest.mark.parametrize("kind", [kind for kind in faults.Kind if kind != "ok"])
async def test_no_fault_of_an_archive_is_a_no(archive, kind):
    archive[1].set(faults.Fault(kind=kind, delay_s=5))
    decision = await asked(archive[0], "eve", timeout_s=0.5)
    assert decision.answer is Answer.UNREACHABLE


async def test_archives_are_asked_at_once_and_the_time_is_for_all(archive):
    slow, switch = archive
    switch.set(faults.Fault(kind="hang"))
    begun = asyncio.get_running_loop().time()
    async with new_client() as client:
        archives = {name: slow for name in "abc"}
        await ask(archives, Person("eve"), timeout_s=0.5, client=client)
    assert asyncio.get_running_loop().time() - begun < 1.4


@pytest.mark.parametrize(
    "login", ["a/../..", "x&y=1", "\ud800", "a" * 100_000, "%", " "]
)
async def test_no_login_breaks_the_question(archive, login):
    assert (await asked(archive[0], login)).answer is not Answer.ADMITTED


@pytest.mark.parametrize(
    ("pages", "answer"),
    [
        (
            [{"results": [row("x")], "next": "users/?p=1"}, {"results": [row()]}],
            "admitted",
        ),
        ([{"results": [row()], "next": "http://127.0.0.1:9/"}], "answer cut short"),
        ([{"results": None, "next": None}], "answer cut short"),
        ([[row()]], "admitted"),
    ],
)
async def test_the_exact_list_may_come_in_pages_from_one_address(
    archive, pages, answer
):
    async def search(request):
        return web.json_response([row(f"ben{n}") for n in range(10)])

    async def everybody(request):
        return web.json_response(pages[int(request.query.get("p", 0))])

    app = web.Application()
    app.router.add_get("/api/users/search/", search)
    app.router.add_get("/api/users/", everybody)
    async with serving(app) as url:
        update = {"api_url": f"{url}/api", "exact_list": True}
        exact = archive[0].model_copy(update=update)
        decision = await asked(exact, "ben", 7)
    assert decision.answer == answer
