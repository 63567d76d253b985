"""Parts of the authenticator that need no running hub; the rest is in ``gate``."""

from io import BytesIO
from types import SimpleNamespace

import pytest
from tornado.httpclient import HTTPClientError, HTTPRequest, HTTPResponse
from tornado.httputil import HTTPHeaders

from hub_config import settings
from hub_config.authenticator import (
    ArchiveAuthenticator,
    GitHubAway,
    _says_no,
    label_value,
)
from hub_config.gate import BOUND, number_of, user_name
from hub_config.refusal import refused
from hub_config.verdict import Answer, Decision, Verdict


@pytest.fixture
def authenticator():
    return ArchiveAuthenticator(client_id="id", client_secret="secret")


def test_a_hub_user_is_a_number_and_back():
    assert user_name(12) == "gh-12"
    assert number_of("gh-12") == 12


@pytest.mark.parametrize(
    "name", ["", "gh-", "12", "gh--1", "gh-1x", "gh-\u0661", "ada"]
)
def test_another_name_is_no_number(name):
    assert number_of(name) is None


@pytest.mark.parametrize(
    "info",
    [
        None,
        [],
        {},
        {"id": None, "login": "a"},
        {"id": True, "login": "a"},
        {"id": "1", "login": "a"},
        {"id": 0, "login": "a"},
        {"id": 1, "login": None},
    ],
)
def test_without_a_number_and_a_login_github_told_nothing(authenticator, info):
    with pytest.raises(GitHubAway):
        authenticator.user_info_to_username(info)


def test_what_is_kept_of_github_is_number_login_and_token(authenticator):
    token = {"access_token": "t", "token_type": "bearer", "scope": ""}
    info = {"id": 1, "login": "a", "email": "a@example.org", "bio": "x"}
    state = authenticator.build_auth_state_dict(token, info)
    assert state["github_user"] == {"id": 1, "login": "a"}


def test_the_settings_say_how_often_people_are_looked_up(authenticator):
    assert authenticator.auth_refresh_age == 15 * 60
    assert authenticator.enable_auth_state
    assert authenticator.scope == []


@pytest.mark.parametrize(
    ("code", "headers", "body", "no"),
    [
        (401, {}, b"", True),
        (403, {}, b'{"message": "Your account was suspended"}', True),
        (403, {"X-RateLimit-Remaining": "0"}, b"", False),
        (403, {"Retry-After": "60"}, b"", False),
        (403, {}, b'{"message": "API rate limit exceeded"}', False),
        (404, {}, b"", False),
        (429, {}, b"", False),
        (500, {}, b"", False),
        (599, {}, b"", False),
    ],
)
def test_only_a_refused_token_is_a_no_of_github(code, headers, body, no):
    request = HTTPRequest("http://127.0.0.1/")
    response = HTTPResponse(
        request, code, headers=HTTPHeaders(headers), buffer=BytesIO(body)
    )
    assert _says_no(HTTPClientError(code, response=response)) is no


@pytest.mark.parametrize(
    ("login", "label"),
    [
        ("Gita-R", "Gita-R"),
        ("octo_corp", "octo_corp"),
        ("old-", "old"),
        ("a" * 70, "a" * 63),
        ("\u00e9<b>", "b"),
    ],
)
def test_a_login_fits_a_label(login, label):
    assert label_value(login) == label


@pytest.mark.parametrize(
    ("answer", "reason", "status", "words"),
    [
        (Answer.NOT_REGISTERED, "", 403, "Not registered with"),
        (Answer.NOT_REGISTERED, BOUND, 403, "belonged to somebody else"),
        (Answer.PENDING, "", 403, "is not approved yet"),
        (Answer.UNREACHABLE, "", 503, "cannot be asked right now"),
        (Answer.CUT_SHORT, "", 503, "could not be looked up"),
    ],
)
def test_each_answer_has_its_page(answer, reason, status, words):
    decision = Decision((Verdict("dandi", answer, reason),))
    page = refused(decision, "ada", settings.load())
    assert page.status == status
    assert words in page.title
    assert page.todo
    assert "ada" in page.happened + page.title


async def test_labels_of_other_spawners_are_left_alone(authenticator):
    spawner = SimpleNamespace(environment={})
    await authenticator.pre_spawn_start(SimpleNamespace(name="gh-1"), spawner)
    assert spawner == SimpleNamespace(environment={})
