"""Hours and money are counted so that people's amounts add up to the whole."""

import time
from dataclasses import replace
from functools import partial
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub_config import budget, usage_page
from hub_config.prices import prices, worker_price
from hub_config.settings import GIB, Hub
from hub_config.usage import (
    DASK,
    MICRO,
    Running,
    Usage,
    Used,
    Workers,
    opened,
    to_cents,
)

NOVEMBER_S = 1_793_491_200.0  # 2026-11-01 00:00 UTC
HOUR_S = 3600.0
PRICES = {"base": 0.4, "gpu": 0.8}


class Clock:
    def __init__(self, now_s=NOVEMBER_S):
        self.now_s = now_s

    def __call__(self):
        return self.now_s


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def usage(tmp_path, clock):
    kept = Usage(tmp_path / "ledger.sqlite", clock)
    yield kept
    kept.close()


def by_person(usage):
    return {(u.number, u.month, u.profile): u for u in usage.used()}


def test_a_recorded_day_adds_up(usage, clock):
    """Replays a day minute by minute: who ran what, from hour to hour."""
    day = [(1, "base", 1, 5), (2, "gpu", 2, 3), (1, "gpu", 6, 7), (3, "base", 0, 24)]
    for minute in range(0, 24 * 60 + 1):
        clock.now_s = NOVEMBER_S + 60 * minute
        running = [
            Running(number, profile, NOVEMBER_S + begin * HOUR_S)
            for number, profile, begin, end in day
            if begin * 60 <= minute <= end * 60
        ]
        usage.count(running, PRICES)
    used = by_person(usage)
    hours = {key[::2]: round(one.hours, 9) for key, one in used.items()}
    assert hours == {(1, "base"): 4, (2, "gpu"): 1, (1, "gpu"): 1, (3, "base"): 24}
    total = sum(one.usd_micro for one in used.values())
    assert total == pytest.approx((28 * 0.4 + 2 * 0.8) * MICRO, abs=len(used) * 1440)
    cents = to_cents([one.usd_micro for one in used.values()])
    assert sum(cents) == round(total / 10_000)


def test_a_recorded_day_with_workers_adds_up_to_the_cent(usage, clock, hub):
    """Replays servers, and a gateway that starts twice and tells each word twice."""
    for minute in range(0, 24 * 60 + 1):
        clock.now_s = NOVEMBER_S + 60 * minute
        usage.count([Running(n, "base", NOVEMBER_S) for n in (1, 2, 3)], PRICES)
        boot, began = ("first", 0) if minute <= 600 else ("second", 600)
        ran_s = 60.0 * (minute - began)
        told = [Workers(1, 8, 32 * GIB, 10 * ran_s), Workers(2, 1, 4 * GIB, ran_s / 7)]
        for _ in range(2):
            usage.count_workers(boot, told, partial(worker_price, hub))
    used = by_person(usage)
    hours = {key[0]: one.hours for key, one in used.items() if key[2] == DASK}
    assert hours == {1: pytest.approx(240), 2: pytest.approx(24 / 7)}
    total = sum(one.usd_micro for one in used.values())
    large = worker_price(hub, Workers(1, 8, 32 * GIB, 0))
    small = worker_price(hub, Workers(2, 1, 4 * GIB, 0))
    assert large > 4 * small > 0
    expected = 72 * 0.4 + 240 * large + 24 / 7 * small
    assert total / MICRO == pytest.approx(expected, abs=0.01)
    cents = to_cents([one.usd_micro for one in used.values()])
    assert sum(cents) == round(total / 10_000)
    assert [u.profile for u in usage.used(number=1)] == ["base", DASK], "servers first"
    of_people = [usage.usd_this_month(number) for number in (1, 2, 3)]
    assert round(sum(of_people) * 100) == sum(cents)


def test_a_worker_that_no_machine_holds_counts_its_hours(usage, hub):
    giant = [Workers(1, 4096, 4 * GIB, HOUR_S)]
    usage.count_workers("boot", giant, partial(worker_price, hub))
    assert [(u.hours, u.usd_micro) for u in usage.used()] == [(1, 0)]


def test_two_gateways_side_by_side_count_each_once(usage, clock, hub):
    for ran_s in (100, 200, 300):
        for boot in ("old", "new"):
            told = [Workers(1, 1, 4 * GIB, ran_s)]
            usage.count_workers(boot, told, partial(worker_price, hub))
        clock.now_s += 20
    assert [u.hours for u in usage.used()] == [pytest.approx(600 / HOUR_S)]


def test_a_gateway_that_is_long_gone_is_forgotten(usage, clock, hub):
    usage.count_workers("old", [Workers(1, 1, GIB, 60)], lambda _: 1.0)
    clock.now_s += 25 * HOUR_S
    usage.count_workers("new", [], lambda _: 1.0)
    assert usage._run("SELECT count(*) FROM worked").fetchone() == (0,)
    assert usage.used()[0].usd_micro == round(MICRO / 60)


def test_what_ran_while_the_hub_was_away_is_counted_once(usage, clock, tmp_path):
    one = Running(1, "base", NOVEMBER_S)
    usage.count([one], PRICES)
    clock.now_s += 2 * HOUR_S
    again = Usage(tmp_path / "ledger.sqlite", clock)
    again.count([one], PRICES)
    again.count([one], PRICES)
    assert [u.hours for u in again.used()] == [2]
    again.close()


def test_a_second_server_is_counted_from_its_own_start(usage, clock):
    usage.count([Running(1, "base", NOVEMBER_S)], PRICES)
    clock.now_s += HOUR_S
    usage.count([], PRICES)
    clock.now_s += HOUR_S
    usage.count([Running(1, "base", clock.now_s - 60)], PRICES)
    assert sum(u.hours for u in usage.used()) == pytest.approx(1 / 60)


def test_a_clock_that_is_set_back_counts_nothing_twice(usage, clock):
    one = Running(1, "base", NOVEMBER_S)
    clock.now_s += HOUR_S
    usage.count([one], PRICES)
    clock.now_s -= HOUR_S / 2
    usage.count([one], PRICES)
    clock.now_s += HOUR_S / 2
    usage.count([one], PRICES)
    assert [u.hours for u in usage.used()] == [1]


def test_months_are_kept_apart_and_the_latest_comes_first(usage, clock):
    clock.now_s = NOVEMBER_S - 60
    one = Running(1, "base", NOVEMBER_S - 120)
    usage.count([one], PRICES)
    clock.now_s = NOVEMBER_S + 60
    usage.count([one], PRICES)
    assert [u.month for u in usage.used(number=1)] == ["2026-11", "2026-10"]
    assert usage.usd_this_month(1) == pytest.approx(120 / HOUR_S * 0.4, abs=1e-5)
    assert usage.used(number=2) == []
    assert usage.used(month="2026-10")[0].hours == pytest.approx(60 / HOUR_S)


def test_a_count_that_fails_changes_nothing(usage, clock):
    one = Running(1, "base", NOVEMBER_S)
    clock.now_s += HOUR_S
    usage.count([one], PRICES)
    clock.now_s += HOUR_S
    with pytest.raises(AttributeError):
        usage.count([one, None], PRICES)
    assert [u.hours for u in usage.used()] == [1]
    usage.count([one], PRICES)
    assert [u.hours for u in usage.used()] == [2]


@given(st.lists(st.integers(0, 10**9), max_size=30))
def test_cents_add_up_to_the_rounded_whole(amounts):
    cents = to_cents(amounts)
    assert sum(cents) == round(sum(amounts) / 10_000)
    assert all(abs(c - a / 10_000) <= 1 for c, a in zip(cents, amounts, strict=True))


def test_every_profile_has_a_price_unless_money_is_not_shown(hub):
    assert prices(hub).keys() == hub.profiles.keys()
    assert all(price > 0 for price in prices(hub).values())
    quiet = hub.model_copy(
        update={"usage": hub.usage.model_copy(update={"show_usd": False})}
    )
    assert prices(quiet) == {}


def test_the_page_shows_names_and_sums(hub):
    base = Used(1, "2026-11", "base", 2.0, 15_000)
    months = usage_page.by_month(
        hub, [base, replace(base, profile="gone"), replace(base, month="2026-10")]
    )
    assert [month["month"] for month in months] == ["2026-11", "2026-10"]
    names = [line["profile"] for line in months[0]["lines"]]
    assert names == ["Base", "gone"]
    assert months[0]["total"] == {"hours": 4.0, "usd": 0.03}
    assert sorted(line["usd"] for line in months[0]["lines"]) == [0.01, 0.02]


@pytest.fixture
def limited(hub):
    limits = hub.usage.model_copy(
        update={"warn_usd_per_month": 20.0, "stop_usd_per_month": 30.0}
    )
    return hub.model_copy(update={"usage": limits})


def test_a_person_is_warned_above_the_first_limit(limited, hub):
    assert budget.warning(limited, 19.99) == ""
    assert "about $20.00 this month. At $30 no new one" in budget.warning(limited, 20)
    assert budget.warning(hub, 10_000) == "", "no limit, no notice"


def test_a_start_above_the_second_limit_is_refused(limited, tmp_path):
    ledger = str(tmp_path / "ledger.sqlite")
    authenticator = SimpleNamespace(hub=limited, ledger_path=ledger)
    spawner = SimpleNamespace(
        authenticator=authenticator, user=SimpleNamespace(name="gh-1")
    )
    budget.require_within(spawner)
    opened(ledger).count([Running(1, "base", time.time() - 100 * HOUR_S)], PRICES)
    with pytest.raises(budget.BudgetSpent, match=r"about \$40.00 .* limit is \$30"):
        budget.require_within(spawner)
    spawner.user.name = "gh-2"
    budget.require_within(spawner)


@pytest.mark.parametrize(
    ("limits", "says"),
    [
        ({"warn_usd_per_month": 30, "stop_usd_per_month": 20}, "is not above"),
        ({"warn_usd_per_month": -1}, "greater than or equal to 0"),
        ({"show_usd": False, "stop_usd_per_month": 5}, "needs show_usd"),
    ],
)
def test_limits_that_contradict_are_refused(hub, limits, says):
    raw = hub.model_dump(mode="json") | {"usage": limits}
    with pytest.raises(ValueError, match=says):
        Hub.model_validate(raw)
