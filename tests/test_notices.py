"""Notices are kept, addressed, ended, and refused when they say nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner

from hub_config.failure import Failure
from hub_config.ledger import Ledger
from hub_config.notice_command import app, moment
from hub_config.notices import (
    LONGEST_TEXT,
    NoticeError,
    Notices,
    end_of_age,
    for_user,
    notices_url,
)

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


@pytest.fixture
def notices(tmp_path):
    kept = Notices(tmp_path / "people.sqlite", clock=NOW.timestamp)
    yield kept
    kept.close()


@pytest.fixture
def command(tmp_path):
    ledger = Ledger(tmp_path / "people.sqlite")
    ledger.note_login(1001, "ada")
    ledger.note_login(1002, "twice")
    ledger.note_login(1003, "Twice")
    ledger.close()

    def run(*words):
        return CliRunner().invoke(app, [*words, "--state", str(tmp_path)])

    return run


def texts(found):
    return [notice.text for notice in found]


def test_a_person_gets_the_notices_for_everybody_and_their_own(notices):
    notices.add("Maintenance on Friday")
    notices.add("Your home is nearly full", "warning", number=1001)
    assert texts(notices.for_person(1001)) == [
        "Maintenance on Friday",
        "Your home is nearly full",
    ]
    assert texts(notices.for_person(1002)) == ["Maintenance on Friday"]


def test_a_notice_is_no_longer_shown_once_its_time_has_passed(tmp_path):
    now = [NOW.timestamp()]
    notices = Notices(tmp_path / "people.sqlite", clock=lambda: now[0])
    notices.add("Until one", until=NOW + timedelta(hours=1))
    assert texts(notices.standing()) == ["Until one"]
    now[0] += 3600
    assert notices.standing() == []
    notices.close()


def test_a_notice_outlives_the_hub(notices, tmp_path):
    id = notices.add("Workshop at ten", "danger", NOW + timedelta(hours=2))
    again = Notices(tmp_path / "people.sqlite", clock=NOW.timestamp)
    assert [notice.model() for notice in again.standing()] == [
        {
            "id": id,
            "level": "danger",
            "text": "Workshop at ten",
            "until": "2026-11-24T14:00:00+00:00",
        }
    ]
    again.close()


@pytest.mark.parametrize("text", ["", "  ", "two\nlines", "x" * (LONGEST_TEXT + 1)])
def test_a_text_that_cannot_be_shown_is_refused(notices, text):
    with pytest.raises(NoticeError, match="one line of 1 to"):
        notices.add(text)
    assert notices.standing() == []


def test_an_unknown_level_and_a_time_that_has_passed_are_refused(notices):
    with pytest.raises(NoticeError, match="there are info, warning, danger"):
        notices.add("x", "loud")
    with pytest.raises(NoticeError, match="has passed"):
        notices.add("x", until=NOW)


def test_removing_what_is_not_there_says_what_there_is(notices):
    id = notices.add("Maintenance")
    with pytest.raises(NoticeError, match=f"no notice '77'; there are: {id}"):
        notices.remove("77")
    notices.remove(id)
    assert notices.standing() == []


def test_a_server_is_announced_to_end_ten_minutes_before_its_maximum_age(hub):
    end = NOW + timedelta(hours=hub.idle.max_age_h)
    before = end - timedelta(minutes=hub.idle.warn_min)
    assert end_of_age(hub, NOW, before - timedelta(seconds=1)) is None
    notice = end_of_age(hub, NOW, before)
    assert notice is not None
    assert notice.text.startswith("Your server stops at 12:00 UTC")
    assert notice.until == end
    assert notice.id == end_of_age(hub, NOW, end).id


def user_with_server(hub, started, ledger_path=""):
    """Return what a page knows about a person whose server runs."""
    log = SimpleNamespace(error=lambda *_: None)
    authenticator = SimpleNamespace(hub=hub, ledger_path=ledger_path, log=log)
    orm_spawner = SimpleNamespace(started=started)
    spawner = SimpleNamespace(active=True, orm_spawner=orm_spawner)
    return SimpleNamespace(name="gh-1001", authenticator=authenticator, spawner=spawner)


def test_a_person_whose_server_is_about_to_end_is_told(hub):
    age = timedelta(hours=hub.idle.max_age_h) - timedelta(minutes=hub.idle.warn_min / 2)
    # As JupyterHub keeps it: UTC, without saying so.
    started = (datetime.now(UTC) - age).replace(tzinfo=None)
    (told,) = for_user(user_with_server(hub, started))
    assert told["level"] == "warning"
    assert told["text"].startswith("Your server stops at")
    assert for_user(user_with_server(hub, datetime.now(UTC))) == []
    assert for_user(None) == []


def test_a_ledger_that_cannot_be_read_keeps_no_page_from_showing(hub, tmp_path):
    path = tmp_path / "people.sqlite"
    path.write_bytes(b"no database at all, but long enough to be looked at")
    assert for_user(user_with_server(hub, None, str(path))) == []


@pytest.mark.parametrize(
    "api", ["http://127.0.0.1:1/hub/api", "http://hub:8081/b/hub/api"]
)
def test_a_server_is_told_where_to_ask(api):
    spawner = SimpleNamespace(hub=SimpleNamespace(api_url=api))
    assert notices_url(spawner) == api.replace("/hub/api", "/hub/notices")


def test_the_operator_adds_lists_and_removes(command):
    id = command("add", "Maintenance", "--to", "ADA", "--level", "warning").stdout
    assert command("list").stdout == f"{id.strip()}\twarning\tgh-1001\t-\tMaintenance\n"
    assert command("remove", id.strip()).exit_code == 0
    assert command("list").stdout == ""


@pytest.mark.parametrize("who", ["1001", "gh-1001", "ada"])
def test_a_person_is_named_by_number_or_login(command, who):
    assert command("add", "Hello", "--to", who).exit_code == 0
    assert "gh-1001" in command("list").stdout


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["--to", "nobody"], "nobody logged in here as 'nobody'"),
        (["--to", "twice"], "one of 1002, 1003"),
        (["--until", "soon"], "until 'soon' is no time"),
        (["--until", "25:00"], "until '25:00' is no time"),
        (["--until", "2020-01-01T00:00"], "has passed"),
        (["--level", "loud"], "no level 'loud'"),
    ],
)
def test_the_operator_is_told_what_is_wrong(command, words, reason):
    done = command("add", "Hello", *words)
    assert isinstance(done.exception, Failure)
    assert reason in str(done.exception)
    assert "\n" not in str(done.exception)


def test_a_state_where_no_hub_has_run_is_refused(tmp_path):
    done = CliRunner().invoke(app, ["list", "--state", str(tmp_path)])
    assert "no ledger at" in str(done.exception)
    assert not (tmp_path / "people.sqlite").exists()


def test_an_hour_that_has_passed_today_means_tomorrow():
    assert moment("13:00", NOW) == NOW + timedelta(hours=1)
    assert moment("11:00", NOW) == NOW + timedelta(hours=23)
    assert moment("2026-11-24T18:00+01:00", NOW) == NOW + timedelta(hours=5)
