"""What the hub remembers about people."""

import pytest

from hub_config.ledger import Ledger, LedgerError


@pytest.fixture
def clock():
    class Clock:
        now = 1_000_000.0

        def __call__(self):
            return self.now

    return Clock()


@pytest.fixture
def ledger(tmp_path, clock):
    ledger = Ledger(tmp_path / "ledger.sqlite", clock)
    yield ledger
    ledger.close()


def test_the_first_number_keeps_a_login_whatever_the_letter_case(ledger):
    assert ledger.bind("dandi", "Ada", 1) == 1
    assert ledger.bind("dandi", "aDA", 2) == 1
    assert ledger.bind("ember", "ada", 2) == 2


def test_an_operator_can_free_a_login(ledger):
    ledger.bind("dandi", "ada", 1)
    assert ledger.unbind("dandi", "ADA")
    assert not ledger.unbind("dandi", "ada")
    assert ledger.bind("dandi", "ada", 2) == 2


def test_it_remembers_over_a_restart(ledger, tmp_path, clock):
    ledger.bind("dandi", "ada", 1)
    ledger.note_admitted(1)
    ledger.note_login(1, "Ada")
    ledger.close()
    again = Ledger(tmp_path / "ledger.sqlite", clock)
    assert again.bind("dandi", "ada", 2) == 1
    assert again.admitted_within(1, 24)
    assert again.login_of(1) == "Ada"
    again.close()


def test_the_grace_ends(ledger, clock):
    assert not ledger.admitted_within(1, 24)
    ledger.note_admitted(1)
    clock.now += 24 * 3600 - 1
    assert ledger.admitted_within(1, 24)
    clock.now += 1
    assert not ledger.admitted_within(1, 24)
    ledger.note_admitted(1)
    assert ledger.admitted_within(1, 24)


def test_a_clock_that_was_set_back_does_not_stretch_the_grace(ledger, clock):
    ledger.note_admitted(1)
    clock.now -= 1
    assert ledger.admitted_within(1, 24)
    clock.now -= 25 * 3600
    assert not ledger.admitted_within(1, 24)


def test_a_no_ends_the_grace(ledger):
    ledger.note_admitted(1)
    ledger.note_refused(1)
    assert not ledger.admitted_within(1, 24)


def test_the_latest_login_is_shown(ledger):
    assert ledger.login_of(1) is None
    ledger.note_login(1, "ada")
    ledger.note_login(1, "ada-new")
    assert ledger.login_of(1) == "ada-new"


def test_a_file_that_is_no_ledger_is_refused_by_name(tmp_path):
    path = tmp_path / "other"
    path.write_text("no database, and long enough to be read as one" * 10)
    with pytest.raises(LedgerError, match=r"other: file is not a database"):
        Ledger(path)


def test_a_folder_that_does_not_exist_is_refused_by_name(tmp_path):
    with pytest.raises(LedgerError, match=r"nowhere/ledger: unable to open"):
        Ledger(tmp_path / "nowhere" / "ledger")


def test_a_closed_ledger_says_so_in_its_own_words(ledger):
    ledger.close()
    with pytest.raises(LedgerError, match="closed"):
        ledger.login_of(1)
