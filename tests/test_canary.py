"""The canary's word is a part of the hub's health: bad, good, or missing."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from traitlets.config import Config

from hub_config import around, canary, terms
from hub_config.authenticator import ArchiveAuthenticator
from hub_config.canary_page import Canary
from hub_config.settings import Hub
from hub_config.vitals import Ill

from .test_usage import Clock


def canary_of(services, clock=None):
    return Canary(SimpleNamespace(services=services), clock or Clock())


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def bird(hub, clock):
    service = canary.helm_values(hub)["services"]["canary"]
    return canary_of([{"name": "other"}, {"name": "canary", **service}], clock)


async def test_a_bad_word_is_ill_until_a_good_one_of_its_kind(bird):
    bird.hear("use", "start Tiny")
    bird.hear("look", "")
    with pytest.raises(Ill, match=r"^failed at use: start Tiny$"):
        await bird.probe()
    bird.hear("use", "")
    await bird.probe()


async def test_three_rounds_that_did_not_come_are_noticed(bird, clock):
    await bird.probe()
    clock.now_s += 900
    await bird.probe()
    clock.now_s += 60
    with pytest.raises(Ill, match="has not come for 16 minutes"):
        await bird.probe()
    bird.hear("look", "")
    await bird.probe()


async def test_a_hub_of_the_cloud_tells_of_it(hub):
    service = canary.helm_values(hub)["services"]["canary"]
    app = SimpleNamespace(
        services=[{"name": "canary", **service}],
        config=Config(),
        proxy=None,
        spawner_class=object,
        template_vars={},
    )
    made = around.begin(app, ArchiveAuthenticator(hub=hub))
    handlers = {pattern: more for pattern, _, *more in made}
    [parts], [word] = handlers["/health/parts"], handlers["/health/canary"]
    word["canary"].hear("use", "start Tiny")
    assert await parts["vitals"]._ask("canary") == "failed at use: start Tiny"


def test_a_hub_that_sends_none_misses_none():
    assert not canary_of([]).is_expected
    assert not canary_of([{"name": "canary"}]).is_expected


def test_its_account_is_there_and_needs_no_terms_and_no_github(hub, tmp_path):
    c = Config()
    canary.admit(c, hub)
    [name] = c.Authenticator.allowed_users
    keeper = SimpleNamespace(hub=hub, ledger_path=str(tmp_path / "ledger.sqlite"))
    base = SimpleNamespace(base_url="/hub/")
    for user, refused in ((name, False), ("gh-1", True)):
        spawner = SimpleNamespace(
            authenticator=keeper, user=SimpleNamespace(name=user), hub=base
        )
        if refused:
            with pytest.raises(terms.TermsNotAccepted):
                terms.require_accepted(spawner)
        else:
            terms.require_accepted(spawner)


async def test_it_is_never_put_out_for_want_of_a_login(hub):
    authenticator = ArchiveAuthenticator(hub=hub)

    async def nothing():
        return None

    number = hub.canary.number
    for name, stays in ((f"gh-{number}", True), (f"gh-{number + 1}", False)):
        user = SimpleNamespace(name=name, get_auth_state=nothing)
        assert await authenticator.refresh_user(user) is stays


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"number": 4_000_001}, "greater than or equal to"),
        ({"number": 10**18}, "less than"),
        ({"every_min": 7}, "does not divide an hour"),
        ({"every_min": -5}, "greater than or equal to 0"),
        ({"hours": "9-25"}, "should match pattern"),
        ({"hours": "* * * * *"}, "should match pattern"),
        ({"days": "Weekdays"}, "should match pattern"),
        ({"time_zone": "Ohio"}, "no time zone 'Ohio'"),
    ],
)
def test_a_wrong_setting_is_refused_with_its_reason(hub, wrong, says):
    raw = hub.model_dump(mode="json")
    raw["canary"] |= wrong
    with pytest.raises(ValueError, match=says):
        Hub.model_validate(raw)
