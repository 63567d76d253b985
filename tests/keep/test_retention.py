"""Nobody's files go before they were told, and what went comes back until the end."""

from __future__ import annotations

import json
import os
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from hub_config.keep.homes import survey
from hub_config.keep.place import KeepError, Place
from hub_config.keep.retention import Record, Records, plan
from hub_config.keep.retire import Retiring
from hub_config.notices import Notices
from hub_config.settings import load
from tests.keep.conftest import NOW, set_running, set_seen
from tests.test_packing import tree

HUB = load()
RULES = HUB.home
WARN, AWAY, DELETE = 180, 210, 570


class Clock:
    """The only thing that these tests patch."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self):
        return self.now

    def forward(self, days: float) -> None:
        self.now += timedelta(days=days)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def run(place, clock, told):
    """Do what is due at the clock's time, and return what that was."""

    def go(hub=HUB):
        retiring = Retiring(hub, place, told.append, clock)
        retiring.finish_interrupted()
        with closing(Records(Path(place.people))) as records:
            steps = plan(RULES, survey(place), records.all(), clock())
        retiring.carry_out(steps)
        return [(step.kind, step.name) for step in steps]

    return go


def notices_of(place: Place, number: int, clock) -> list[str]:
    notices = Notices(Path(place.people), lambda: clock().timestamp())
    with closing(notices):
        return [one.text for one in notices.for_person(number)]


def test_the_rules_are_those_of_the_declaration():
    days = RULES.warn_after_days, RULES.put_away_after_days, RULES.delete_after_days
    assert days == (WARN, AWAY, DELETE)


def test_the_whole_way_day_by_day(state, place, clock, run):
    set_seen(state / "hub.sqlite", {1001: 0, 1002: 0, 1003: 0})
    home = state / "homes/gh-1003"
    before = tree(home)
    happened = {}
    for day in range(DELETE + 3):
        # Ada and ben work every day.
        set_seen(state / "hub.sqlite", {1001: -day, 1002: -day})
        if day in {0, WARN - 1, WARN, AWAY - 1, AWAY, AWAY + 1, DELETE - 1, DELETE}:
            if steps := run():
                happened[day] = steps
            if day == WARN:
                (text,) = notices_of(place, 1003, clock)
                assert "On 22 June 2027 its files are put away" in text
                assert notices_of(place, 1001, clock) == []
                assert tree(home) == before
            if day == AWAY:
                (text,) = notices_of(place, 1003, clock)
                assert "Your files were put away on 22 June 2027" in text
                assert not home.exists()
        clock.forward(1)
    assert happened == {
        WARN: [("warn", "gh-1003")],
        AWAY: [("put away", "gh-1003")],
        DELETE: [("delete", "gh-1003")],
    }
    assert list((state / "archived").iterdir()) == []
    assert notices_of(place, 1003, clock) == []
    assert (state / "homes/gh-1001").exists()


def test_who_was_never_told_is_told_first_however_long_ago(state, place, clock, run):
    set_seen(state / "hub.sqlite", {1003: 2000})
    assert run() == [("warn", "gh-1003")]
    clock.forward(AWAY - WARN - 1)
    assert run() == []
    clock.forward(1)
    assert run() == [("put away", "gh-1003")]


def test_who_comes_back_is_spared_and_no_longer_warned(state, place, clock, run):
    set_seen(state / "hub.sqlite", {1003: WARN})
    run()
    set_seen(state / "hub.sqlite", {1003: 0})
    assert run() == [("spare", "gh-1003")]
    assert notices_of(place, 1003, clock) == []
    clock.forward(100)
    assert run() == []


def test_a_running_home_is_not_touched(state, place, clock, run):
    set_seen(state / "hub.sqlite", {1003: 2000})
    set_running(state / "hub.sqlite", "gh-1003", True)
    assert run() == []
    set_running(state / "hub.sqlite", "gh-1003", False)
    assert run() == [("warn", "gh-1003")]
    set_running(state / "hub.sqlite", "gh-1003", True)
    clock.forward(2000)
    assert ("put away", "gh-1003") not in run()
    assert (state / "homes/gh-1003/work.ipynb").exists()


def test_who_starts_after_the_plan_was_made_keeps_their_home(state, place, clock, told):
    set_seen(state / "hub.sqlite", {1003: 2000})
    with closing(Records(Path(place.people))) as records:
        warned = (NOW - timedelta(days=100)).timestamp()
        records.put(Record(1003, warned, "1"))
        steps = plan(RULES, survey(place), records.all(), NOW)
    assert [step.kind for step in steps] == ["put away"]
    set_running(state / "hub.sqlite", "gh-1003", True)
    Retiring(HUB, place, told.append, clock).carry_out(steps)
    assert told == ["gh-1003: a server runs now; nothing is done"]
    assert (state / "homes/gh-1003/work.ipynb").exists()


@pytest.fixture
def away(state, place, clock, run):
    """Put cleo's home away; it has odd things in it."""
    home = state / "homes/gh-1003"
    (home / os.fsdecode(b"caf\xe9")).write_text("x")
    (home / "other").symlink_to("../gh-1001")
    with (home / "sparse").open("wb") as file:
        file.truncate(2**38)
    before = tree_without(home)
    set_seen(state / "hub.sqlite", {1003: 1000})
    run()
    clock.forward(AWAY - WARN)
    set_seen(state / "hub.sqlite", {1001: -30, 1002: -30})
    assert run() == [("put away", "gh-1003")]
    return before


def tree_without(home):
    sparse = home / "sparse"
    assert sparse.stat().st_size == 2**38
    assert sparse.stat().st_blocks < 100
    sparse.rename(home.parent.parent / "sparse")
    found = tree(home)
    (home.parent.parent / "sparse").rename(sparse)
    return found


def test_undo_brings_it_back_as_it_was(away, state, place, clock, told):
    assert not (state / "homes/gh-1003").exists()
    where = Retiring(HUB, place, told.append, clock).bring_back("gh-1003")
    assert where == "~gh-1003"
    assert tree_without(state / "homes/gh-1003") == away
    assert notices_of(place, 1003, clock) == []
    assert list((state / "archived").iterdir()) == []


def test_undo_comes_beside_what_the_person_has_made_since(
    away, state, place, clock, told
):
    home = state / "homes/gh-1003"
    home.mkdir()
    (home / "work.ipynb").write_text("new")
    where = Retiring(HUB, place, told.append, clock).bring_back("gh-1003")
    beside = where.rsplit("/", 1)[1]
    assert json.loads((home / beside / "work.ipynb").read_text()) == {"of": "cleo"}
    assert (home / "work.ipynb").read_text() == "new"


def test_a_damaged_file_is_not_brought_back(away, state, place, clock, told):
    (archive,) = (state / "archived").iterdir()
    with archive.open("r+b") as file:
        file.write(b"\xff")
    with pytest.raises(KeepError, match="is damaged or missing"):
        Retiring(HUB, place, told.append, clock).bring_back("gh-1003")
    assert archive.exists()


def test_putting_away_follows_no_symlink(away, state):
    assert (state / "homes/gh-1001/work.ipynb").exists()


def test_a_symlink_in_a_homes_place_is_no_home(state, place, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (state / "homes/gh-9").symlink_to(tmp_path / "elsewhere")
    assert "gh-9" not in {one.home.name for one in survey(place)}


def test_a_run_that_was_ended_half_way_is_finished(state, place, clock, told, run):
    (state / "archived").mkdir()
    (state / "homes/gh-1003").rename(state / "archived/gh-1003")
    run()
    assert told[0] == "gh-1003: an earlier run was interrupted; going on"
    (archive,) = (state / "archived").iterdir()
    assert archive.suffix == ".tar"
    assert Retiring(HUB, place, told.append, clock).bring_back("gh-1003")
    assert (state / "homes/gh-1003/work.ipynb").exists()


def test_a_half_deleted_home_does_not_take_the_place_of_its_archive(
    away, state, place, clock, told, run
):
    left = state / "archived/gh-1003"
    left.mkdir()
    (left / "half").write_text("what rmtree had not reached")
    run()
    assert not left.exists()
    Retiring(HUB, place, told.append, clock).bring_back("gh-1003")
    assert tree_without(state / "homes/gh-1003") == away


def test_a_full_disk_gives_the_home_back(state, place, clock, told, run):
    if os.geteuid():
        pytest.skip("a small file system needs root")
    import subprocess

    set_seen(state / "hub.sqlite", {1003: 1000})
    run()
    clock.forward(AWAY)
    set_seen(state / "hub.sqlite", {1001: -AWAY, 1002: -AWAY})
    small = state.parent / "small"
    small.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", small]
    subprocess.run(mount, check=True)
    try:
        homes = small / "homes"
        homes.mkdir()
        (state / "homes/gh-1003").rename(state / "moved")
        (homes / "gh-1003").mkdir()
        (homes / "gh-1003/large").write_bytes(os.urandom(700_000))
        tight = Place(
            "tight", place.database, place.people, str(homes), str(small / "archived")
        )
        with closing(Records(Path(place.people))) as records:
            steps = plan(RULES, survey(tight), records.all(), clock())
        with pytest.raises(KeepError, match="No space left on device"):
            Retiring(HUB, tight, told.append, clock).carry_out(steps)
        assert (homes / "gh-1003/large").stat().st_size == 700_000
        assert list((small / "archived").iterdir()) == []
    finally:
        subprocess.run(["umount", small], check=True)


def test_it_is_only_said_unless_told_to_do_it(state, archive_hub):
    set_seen(state / "hub.sqlite", {1003: 4000})
    done = archive_hub("retention", "--state", str(state))
    assert done.returncode == 0, done.stderr
    assert "warn: gh-1003 cleo: not used for 4" in done.stdout
    assert "1 to do; --apply does it" in done.stdout
    listed = json.loads(
        archive_hub("retention", "--json", "--state", str(state)).stdout
    )
    assert [(one["kind"], one["login"]) for one in listed] == [("warn", "cleo")]
    with closing(Notices(state / "people.sqlite")) as notices:
        assert notices.standing() == []
    done = archive_hub("retention", "--apply", "--state", str(state))
    assert "gh-1003: warned" in done.stderr
    with closing(Notices(state / "people.sqlite")) as notices:
        assert [one.number for one in notices.standing()] == [1003]
    again = archive_hub("retention", "--apply", "--state", str(state))
    assert "warned" not in again.stderr


def test_rules_that_would_surprise_people_are_refused():
    from hub_config.tables import Home

    with pytest.raises(ValueError, match="less than 7 days after warn_after_days 180"):
        Home(quota_gib=1, put_away_after_days=181)
    with pytest.raises(ValueError, match="less than 30 days after"):
        Home(quota_gib=1, delete_after_days=211)
