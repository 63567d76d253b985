"""The stand-in of GitHub speaks OAuth as GitHub does."""

from base64 import urlsafe_b64encode
from hashlib import sha256
from urllib.parse import parse_qs, urlsplit

import aiohttp
import pytest

from hub_config.local.serving import serving
from hub_config.local.standins.github import CODE_LIFE_S, Client, GitHub, github_app
from hub_config.local.standins.people import People

VERIFIER = "v" * 43
CHALLENGE = urlsafe_b64encode(sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
CALLBACK = "http://127.0.0.1:1/hub/oauth_callback"
AUTHORIZE = {
    "client_id": "id",
    "redirect_uri": CALLBACK,
    "state": "s&1",
    "scope": "read:user user:email",
    "code_challenge": CHALLENGE,
    "code_challenge_method": "S256",
}
TOKEN = {
    "client_id": "id",
    "client_secret": "secret",
    "redirect_uri": CALLBACK,
    "code_verifier": VERIFIER,
}


class Site:
    def __init__(self, url, session, github, now):
        self.url, self.session, self.github, self.now = url, session, github, now

    async def choose(self, **changes):
        data = {**AUTHORIZE, "login": "ada", **changes}
        url = f"{self.url}/login/oauth/authorize"
        async with self.session.post(url, data=data, allow_redirects=False) as answer:
            place = answer.headers.get("Location", "")
            return answer.status, parse_qs(urlsplit(place).query)

    async def code(self, **changes):
        _, query = await self.choose(**changes)
        return query["code"][0]

    async def exchange(self, code, **changes):
        data = {**TOKEN, "code": code, **changes}
        url = f"{self.url}/login/oauth/access_token"
        headers = {"Accept": "application/json"}
        async with self.session.post(url, data=data, headers=headers) as answer:
            assert answer.status == 200
            return await answer.json()

    async def get(self, path, token):
        headers = {"Authorization": f"Bearer {token}"}
        async with self.session.get(f"{self.url}{path}", headers=headers) as answer:
            return answer.status, await answer.json()


@pytest.fixture(params=["", "/services/github"])
async def site(request):
    now = [0.0]
    github = GitHub(People(), Client("id", "secret"), clock=lambda: now[0])
    app = github_app(github, prefix=request.param, control_token="control")
    async with serving(app) as url, aiohttp.ClientSession() as session:
        yield Site(f"{url}{request.param}", session, github, now)


async def test_a_person_signs_in_and_the_token_tells_who(site):
    token = await site.exchange(await site.code())
    assert token["token_type"] == "bearer"
    assert token["scope"] == "read:user,user:email"
    for path in ("/user", "/api/v3/user"):
        status, user = await site.get(path, token["access_token"])
        assert (status, user["id"], user["login"]) == (200, 1001, "ada")
    _, emails = await site.get("/user/emails", token["access_token"])
    assert emails[0] == {"email": "ada@example.org", "primary": True, "verified": True}


async def test_the_state_comes_back(site):
    status, query = await site.choose()
    assert (status, query["state"]) == (302, ["s&1"])


async def test_the_page_lists_each_person_with_the_status_in_words(site):
    url = f"{site.url}/login/oauth/authorize"
    async with site.session.get(url, params=AUTHORIZE) as answer:
        page = await answer.text()
    assert "local stand-in of GitHub" in page
    assert page.count('name="login"') == len(site.github.people.on_github())
    assert "waiting for the archive&#39;s approval" in page


async def test_cancelling_is_told_as_github_does(site):
    status, query = await site.choose(cancel="yes")
    assert (status, query["error"]) == (302, ["access_denied"])


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"client_id": "other"}, 404),
        ({"redirect_uri": "http://127.0.0.1:1/elsewhere"}, 400),
        ({"redirect_uri": "http://evil.invalid/hub/oauth_callback"}, 400),
        ({"redirect_uri": "javascript:/hub/oauth_callback"}, 400),
        ({"redirect_uri": ""}, 400),
        ({"code_challenge_method": "plain"}, 400),
        ({"login": "nobody"}, 400),
    ],
)
async def test_an_unfair_request_gets_no_code(site, changes, status):
    assert (await site.choose(**changes))[0] == status


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"client_secret": "wrong"}, "incorrect_client_credentials"),
        ({"client_id": "wrong"}, "incorrect_client_credentials"),
        ({"code_verifier": "w" * 43}, "bad_verification_code"),
        ({"code_verifier": ""}, "bad_verification_code"),
        ({"redirect_uri": "http://127.0.0.1:2/x"}, "redirect_uri_mismatch"),
    ],
)
async def test_a_refused_exchange_is_http_200_with_an_error(site, changes, error):
    answer = await site.exchange(await site.code(), **changes)
    assert answer["error"] == error
    assert answer["error_description"]


async def test_a_code_works_once_and_not_for_long(site):
    code = await site.code()
    assert "access_token" in await site.exchange(code)
    assert (await site.exchange(code))["error"] == "bad_verification_code"
    assert (await site.exchange("made-up"))["error"] == "bad_verification_code"
    late = await site.code()
    site.now[0] += CODE_LIFE_S + 1
    assert (await site.exchange(late))["error"] == "bad_verification_code"


async def test_a_revoked_or_made_up_token_is_refused(site):
    token = (await site.exchange(await site.code()))["access_token"]
    assert (await site.get("/user", token[:-1] + "x"))[0] == 401
    assert (await site.get("/user", "gho_1001~0~~x_"))[0] == 401
    assert (await site.get("/user", ""))[0] == 401
    site.github.people.revoke(1001)
    assert (await site.get("/user", token))[0] == 401


async def test_without_the_scope_there_are_no_emails(site):
    token = (await site.exchange(await site.code(scope="")))["access_token"]
    assert (await site.get("/user/emails", token))[0] == 404


async def test_a_token_outlives_a_restart_of_the_stand_in(site):
    token = (await site.exchange(await site.code()))["access_token"]
    again = GitHub(site.github.people, Client("id", "secret"))
    assert again.owner(token)[0].login == "ada"
    assert GitHub(site.github.people, Client("id", "other")).owner(token) is None


async def test_a_fault_is_set_only_with_the_control_token(site):
    url = f"{site.url}/_standin/fault"
    for token, status in (("", 401), ("wrong", 401), ("control", 200)):
        headers = {"Authorization": f"token {token}"}
        fault = {"kind": "http-503", "path": "/user"}
        async with site.session.put(url, json=fault, headers=headers) as answer:
            assert answer.status == status
    async with site.session.get(f"{site.url}/user") as answer:
        assert answer.status == 503
