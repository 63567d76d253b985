"""The live login: as whoever GitHub's session names, by reference, said in words."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from hub_config.visit import health
from hub_config.visit.browser import CouldNotAsk, Visitor
from hub_config.visit.health import Account, Check, exit_code
from hub_config.visit.secret import reveal

SESSION = "a-session-of-the-canary"


@pytest.fixture
def hub_at_github(serve):
    """Return a hub that sends people to a GitHub of another host name."""
    seen = []

    def github(request):
        cookie = request.headers.get("Cookie", "")
        if f"user_session={SESSION}" not in cookie:
            return 200, {}, "Sign in to GitHub"
        back = request.path.partition("back=")[2]
        return 302, {"Location": f"{back}/hub/home?code=1"}, ""

    away = serve(github, "127.0.0.2")

    def hub(request):
        seen.append(request.headers.get("Cookie", ""))
        if request.path.startswith("/hub/oauth_login"):
            here = f"http://{request.headers['Host']}"
            return 302, {"Location": f"{away}/login?back={here}"}, ""
        if request.path == "/hub/api/user":
            return 200, {}, json.dumps({"name": "gh-77"})
        if request.path == "/hub/health/parts":
            return 200, {}, json.dumps({"database": {"ok": True, "says": ""}})
        return 200, {}, ""

    return serve(hub), seen


def check_of(url, **account):
    with Visitor(url) as visitor:
        return Check(visitor, Account(github="127.0.0.2", **account), print).run()


def test_the_session_goes_to_github_and_not_to_the_hub(hub_at_github, monkeypatch):
    url, seen = hub_at_github
    monkeypatch.setenv("CANARY", SESSION)
    steps = check_of(url, reference="env:CANARY")
    assert (steps[2].name, steps[2].ok, steps[2].detail) == ("log in", True, "gh-77")
    assert not any(SESSION in cookie for cookie in seen)


def test_a_session_that_ended_is_no_verdict(hub_at_github, monkeypatch):
    url, _ = hub_at_github
    monkeypatch.setenv("CANARY", "an-old-session")
    steps = check_of(url, reference="env:CANARY")
    assert exit_code(steps) == 2
    assert "sign in as the canary in a browser" in steps[-1].detail
    assert "an-old-session" not in str(steps)


def test_the_real_github_without_a_canary_is_no_verdict(hub_at_github):
    steps = check_of(hub_at_github[0])
    assert exit_code(steps) == 2
    assert "with --canary" in steps[-1].detail


def test_a_part_that_is_ill_is_named_and_the_check_goes_on(serve):
    told = json.dumps(
        {
            "database": {"ok": True, "says": ""},
            "token-dandi": {"ok": False, "says": "HTTP 401: the hub's token is dead"},
        }
    )
    steps = check_of(serve(lambda r: (503 if "parts" in r.path else 200, {}, told)))
    assert exit_code(steps) == 1
    assert steps[1].detail == "token-dandi: HTTP 401: the hub's token is dead"
    assert steps[2].name == "log in"


def test_a_part_that_has_just_fallen_ill_is_looked_at_again(serve):
    asked = []

    def hub(request):
        if "parts" not in request.path:
            return 200, {}, "{}"
        asked.append(request)
        well = len(asked) > 1
        since = datetime.now(UTC).isoformat(timespec="seconds")
        part = {"ok": well, "says": "" if well else "ConnectError", "since": since}
        return 200 if well else 503, {}, json.dumps({"github": part})

    steps = check_of(serve(hub))
    assert (steps[1].ok, steps[1].detail) == (True, "1 parts")
    assert len(asked) == 2


@pytest.mark.parametrize("minutes", [-60, 1], ids=["by a wrong clock", "for longer"])
def test_a_part_that_has_not_just_fallen_ill_is_not_waited_for(serve, minutes):
    since = datetime.now(UTC) - timedelta(minutes=minutes)
    since = since.isoformat(timespec="seconds")
    told = json.dumps({"disk": {"ok": False, "says": "full", "since": since}})
    steps = check_of(serve(lambda r: (503 if "parts" in r.path else 200, {}, told)))
    assert steps[1].detail == "disk: full"


def test_a_part_that_falls_ill_again_and_again_is_told(serve, monkeypatch):
    monkeypatch.setattr(health, "LOOKS_AGAIN_S", 2)

    def hub(request):
        since = datetime.now(UTC).isoformat(timespec="seconds")
        told = {"proxy": {"ok": False, "says": "refused", "since": since}}
        return 503 if "parts" in request.path else 200, {}, json.dumps(told)

    assert check_of(serve(hub))[1].detail == "proxy: refused"


def test_a_hub_that_is_down_is_a_failure(serve):
    steps = check_of(serve(lambda _: (502, {}, "")))
    assert [(step.ok, step.detail) for step in steps] == [(False, "HTTP 502")]


def test_a_secret_is_read_where_its_reference_says(tmp_path, monkeypatch):
    monkeypatch.setenv("CANARY", " one\n")
    (tmp_path / "canary").write_text("two\n")
    assert reveal("env:CANARY") == "one"
    assert reveal(f"file:{tmp_path}/canary") == "two"


@pytest.mark.parametrize(
    ("reference", "says"),
    [
        ("gho_0123456789", "never the secret itself"),
        ("env:", "never the secret itself"),
        ("env:NOT_SET", "is empty"),
        ("file:/nowhere/at/all", "No such file"),
        ("file:/", "Is a directory"),
    ],
)
def test_a_reference_that_leads_nowhere_is_one_line(reference, says):
    with pytest.raises(CouldNotAsk, match=says) as caught:
        reveal(reference)
    assert "gho_" not in str(caught.value)
    assert "\n" not in str(caught.value)
