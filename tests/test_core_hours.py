"""A person's core hours of a day are counted, and bounded."""

from types import SimpleNamespace

import pytest

from hub_config import budget
from hub_config.settings import GIB
from hub_config.usage import Running, Usage, Workers

DAY_S = 24 * 3600
HOUR_S = 3600.0
MIDNIGHT_S = 1_793_491_200.0  # 2026-11-01 00:00 UTC


@pytest.fixture
def clock():
    return SimpleNamespace(now_s=MIDNIGHT_S)


@pytest.fixture
def usage(tmp_path, clock):
    kept = Usage(tmp_path / "ledger.sqlite", lambda: clock.now_s)
    yield kept
    kept.close()


def count(usage, running, worker_s=0.0):
    """Count what runs, and what the first person's workers of 8 cores ran."""
    usage.count(running, {})
    usage.count_workers("boot", [Workers(1, 8, 32 * GIB, worker_s)], lambda _: 0)


def test_they_are_those_of_servers_and_workers_and_end_at_midnight(usage, clock):
    """Replays ten hours of Base and two of three workers, and the next morning."""
    for minute in range(25 * 60 + 1):
        clock.now_s = MIDNIGHT_S + 60 * minute
        first = Running(1, "base", MIDNIGHT_S, 12)
        second = Running(1, "base", MIDNIGHT_S + DAY_S, 12)
        running = [first] * (minute <= 600) + [second] * (minute >= 1440)
        count(usage, running, 3 * 60.0 * min(minute, 120))
        if minute == 1439:
            assert usage.core_hours_today(1) == pytest.approx(10 * 12 + 2 * 3 * 8)
    assert usage.core_hours_today(1) == pytest.approx(12)
    assert usage.core_hours_today(2) == 0


def test_a_hub_that_was_away_over_midnight_counts_only_what_is_of_today(usage, clock):
    clock.now_s = MIDNIGHT_S - 2 * HOUR_S
    one = Running(1, "base", clock.now_s, 12)
    count(usage, [one])
    clock.now_s = MIDNIGHT_S + HOUR_S
    count(usage, [one])
    assert usage.core_hours_today(1) == pytest.approx(12)
    assert sum(used.hours for used in usage.used()) == pytest.approx(3)


@pytest.mark.parametrize("jump_s", [HOUR_S, -HOUR_S])
def test_a_clock_that_jumps_and_is_set_right_counts_each_hour_once(
    usage, clock, jump_s
):
    """It is wrong for five minutes in the middle of four hours of a server."""
    morning_s = MIDNIGHT_S + 6 * HOUR_S
    for minute in range(4 * 60 + 1):
        wrong = 120 <= minute < 125
        clock.now_s = morning_s + 60 * minute + wrong * jump_s
        count(usage, [Running(1, "base", morning_s, 12)])
    assert [used.hours for used in usage.used()] == [pytest.approx(4)]
    assert usage.core_hours_today(1) == pytest.approx(48)


def test_a_start_above_the_limit_is_refused_until_midnight(
    hub, usage, clock, monkeypatch
):
    monkeypatch.setattr(budget, "opened", lambda _: usage)
    spawner = SimpleNamespace(
        authenticator=SimpleNamespace(hub=hub, ledger_path=""),
        user=SimpleNamespace(name="gh-1"),
    )
    assert hub.usage.stop_core_hours_per_day == 1200
    large = Running(1, "xlarge", MIDNIGHT_S, 48)
    began_s = clock.now_s = MIDNIGHT_S + 20 * HOUR_S
    count(usage, [large])
    for _ in range(150):
        budget.require_within(spawner)
        clock.now_s += 60
        count(usage, [large], 8 * (clock.now_s - began_s))
        if usage.core_hours_today(1) >= 1200:
            break
    with pytest.raises(budget.BudgetSpent, match=r"had 1,20. core .* is 1,200 a day"):
        budget.require_within(spawner)
    spawner.user.name = "gh-2"
    budget.require_within(spawner)
    spawner.user.name = "gh-1"
    clock.now_s = MIDNIGHT_S + DAY_S
    budget.require_within(spawner)


def test_no_limit_asks_nobody(hub, monkeypatch):
    monkeypatch.setattr(budget, "opened", lambda _: pytest.fail("asked"))
    limits = hub.usage.model_copy(update={"stop_core_hours_per_day": 0.0})
    hub = hub.model_copy(update={"usage": limits})
    authenticator = SimpleNamespace(hub=hub, ledger_path="")
    user = SimpleNamespace(name="gh-1")
    budget.require_within(SimpleNamespace(authenticator=authenticator, user=user))
