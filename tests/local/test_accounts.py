"""The stand-in of the archive answers about people as the archive does."""

import json

import aiohttp
import pytest
from aiohttp import web

from hub_config.local.serving import serving
from hub_config.local.standins.accounts import Accounts, Caller, Style, add_routes
from hub_config.local.standins.cast import Person
from hub_config.local.standins.people import People, PeopleError, parse

CALLERS = {
    "good": Caller("hub"),
    "admin": Caller("root", admin=True),
    "pending": Caller("p", status="PENDING"),
    "rejected": Caller("r", status="REJECTED"),
    "incomplete": Caller("i", status="INCOMPLETE"),
}


@pytest.fixture
async def archive():
    """Serve the default cast under a prefix; return how to ask, and the accounts."""
    known = Accounts(People(), CALLERS)
    app = web.Application()
    add_routes(app, known, prefix="/services/archive", control_token="control")
    async with serving(app) as url, aiohttp.ClientSession() as session:

        async def ask(path, token="good", method="GET", body=None):
            headers = {"Authorization": f"token {token}"} if token else {}
            request = session.request(
                method, f"{url}/services/archive{path}", headers=headers, json=body
            )
            async with request as answer:
                text = await answer.text()
                is_json = answer.content_type == "application/json"
                return answer.status, json.loads(text) if is_json else text

        ask.known = known
        yield ask


async def names(archive, text):
    _, rows = await archive(f"/api/users/search/?username={text}")
    return [row["username"] for row in rows]


async def test_a_row_has_four_fields_and_never_the_number(archive):
    status, rows = await archive("/api/users/search/?username=ada")
    assert status == 200
    assert rows == [
        {"admin": False, "username": "ada", "name": "Ada Marsh", "status": "APPROVED"}
    ]


@pytest.mark.parametrize("text", ["ADA", "mars", "da", "ada@example"])
async def test_the_search_finds_a_part_of_any_name(archive, text):
    assert "ada" in await names(archive, text)


@pytest.mark.parametrize("login", ["noor", "piotr", "ines", "rudi"])
async def test_only_approved_people_are_found(archive, login):
    assert await names(archive, login) == []


async def test_who_is_not_active_is_not_found(archive):
    archive.known.people.change(1001, active=False)
    assert await names(archive, "ada") == []


async def test_the_oldest_ten_are_shown(archive):
    crowd = [
        Person(number=n, login=f"ben{n}", status="APPROVED", joined=50 - n)
        for n in range(1, 13)
    ]
    archive.known.people.replace(crowd)
    assert await names(archive, "ben") == [f"ben{n}" for n in range(12, 2, -1)]


@pytest.mark.parametrize("text", ["a%20b", "a%22", "%25", "", "a/b"])
async def test_a_name_that_no_account_can_have_finds_nobody(archive, text):
    assert await archive(f"/api/users/search/?username={text}") == (200, [])


async def test_the_search_wants_a_name(archive):
    assert (await archive("/api/users/search/"))[0] == 400


@pytest.mark.parametrize("path", ["search/?username=ada", "me/", "?approved_only=true"])
@pytest.mark.parametrize("token", ["", "unknown"])
async def test_without_a_token_there_is_no_answer(archive, path, token):
    assert (await archive(f"/api/users/{path}", token))[0] == 401


@pytest.mark.parametrize("token", ["pending", "rejected", "incomplete"])
async def test_who_is_not_approved_may_not_search_but_see_themselves(archive, token):
    assert (await archive("/api/users/search/?username=ada", token))[0] == 403
    status, me = await archive("/api/users/me/", token)
    assert (status, me["status"]) == (200, token.upper())


async def test_the_list_of_everybody_is_for_administrators(archive):
    assert (await archive("/api/users/?approved_only=true", "good"))[0] == 403
    status, rows = await archive("/api/users/?approved_only=true", "admin")
    assert status == 200
    names = [row["username"] for row in rows]
    assert names == ["ada", "grace", "Tomas-N", "mei", "canary"]


async def test_the_archive_knows_the_login_of_the_last_sign_in_there(archive):
    archive.known.people.change(1001, login="ada-new")
    assert await names(archive, "ada-new") == []
    assert "ada" in await names(archive, "ada")


@pytest.mark.parametrize(
    ("style", "row"),
    [
        ({"tell_numbers": True}, {"status": "APPROVED", "github_id": 1001}),
        ({"omit_status": True}, {}),
    ],
)
async def test_other_styles_of_archive(archive, style, row):
    changed = await archive("/_standin/style", "control", "PUT", style)
    assert changed == (200, {**Style().model_dump(), **style})
    _, rows = await archive("/api/users/search/?username=ada")
    base = {"admin": False, "username": "ada", "name": "Ada Marsh"}
    assert rows == [{**base, **row}]


@pytest.mark.parametrize(
    ("path", "method", "body"),
    [
        ("/_standin/people/77", "PATCH", {"status": "APPROVED"}),
        ("/_standin/people/1001", "PATCH", {"status": "YES"}),
        ("/_standin/people/1001", "PATCH", {"colour": "red"}),
        ("/_standin/people/1001", "PATCH", {"login": "GRACE"}),
        ("/_standin/people/x", "PATCH", {}),
        ("/_standin/people/1001", "PATCH", [1]),
        ("/_standin/people", "PUT", {"ada": 1}),
        ("/_standin/people", "PUT", [{"login": ""}]),
        ("/_standin/style", "PUT", {"colour": "red"}),
    ],
)
async def test_a_wrong_switch_is_refused_and_changes_nothing(
    archive, path, method, body
):
    before = archive.known.people.dump()
    assert (await archive(path, "control", method, body))[0] == 400
    assert archive.known.people.dump() == before
    assert (await archive(path, "wrong", method, body))[0] == 401


def test_people_are_kept_over_a_restart(tmp_path):
    path = tmp_path / "people.json"
    people = People(path=path)
    people.change(1005, status="APPROVED")
    people.change(1001, login="ada-new")
    people.recycle("ada", 2001)
    people.revoke(1002)
    assert People(path=path).dump() == people.dump()
    assert [file.name for file in tmp_path.iterdir()] == ["people.json"]


@pytest.mark.parametrize("text", ["", "{}", "[{}]", '[{"login": 1}]', "\x00"])
def test_a_file_that_is_no_list_of_people_is_refused_by_name(tmp_path, text):
    path = tmp_path / "people.json"
    path.write_text(text)
    with pytest.raises(PeopleError, match=r"people\.json: "):
        People(path=path)


def test_two_people_cannot_share_a_number_or_a_login():
    people = People()
    with pytest.raises(PeopleError, match=r"'Ada' twice: numbers 1001 and 5"):
        people.add(Person(number=5, login="Ada"))
    with pytest.raises(PeopleError, match="number 1001 twice"):
        people.add(Person(number=1001, login="new"))
    with pytest.raises(PeopleError, match="no login 'nobody'; there are ada"):
        people.by_login("nobody")
    assert parse(people.dump()) == list(People())
