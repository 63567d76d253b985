"""Terms are accepted once for each version, by a person and nobody else."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from hub_config.ledger import Ledger, LedgerError
from hub_config.terms import Terms, TermsNotAccepted, TermsUnknown, require_accepted

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


@pytest.fixture
def file(tmp_path):
    return tmp_path / "people.sqlite"


def spawner_of(name, hub, file):
    """Return what a start knows about its person, without a running hub."""
    errors = []
    log = SimpleNamespace(error=lambda *words: errors.append(words))
    authenticator = SimpleNamespace(hub=hub, ledger_path=str(file), log=log)
    return SimpleNamespace(
        authenticator=authenticator,
        user=SimpleNamespace(name=name),
        hub=SimpleNamespace(base_url="/hub/"),
        errors=errors,
    )


def test_what_is_accepted_is_kept_with_its_first_time(file):
    terms = Terms(file, clock=NOON.timestamp)
    terms.note_accepted(1001, "1")
    terms.close()
    again = Terms(file, clock=lambda: NOON.timestamp() + 60)
    again.note_accepted(1001, "1")
    assert again.accepted_at(1001, "1") == NOON
    again.close()


def test_a_new_version_and_another_person_are_asked_again(file):
    terms = Terms(file)
    terms.note_accepted(1001, "1")
    assert terms.accepted_at(1001, "2") is None
    assert terms.accepted_at(1002, "1") is None
    terms.close()


def test_terms_and_the_gate_share_a_file(file):
    ledger, terms = Ledger(file), Terms(file)
    ledger.note_login(1001, "ada")
    terms.note_accepted(1001, "1")
    assert ledger.login_of(1001) == "ada"
    ledger.close()
    terms.close()


def test_nothing_starts_before_the_terms_are_accepted(hub, file):
    spawner = spawner_of("gh-1001", hub, file)
    with pytest.raises(TermsNotAccepted) as refusal:
        require_accepted(spawner)
    assert refusal.value.status_code == 403
    assert "/hub/terms" in refusal.value.jupyterhub_message
    terms = Terms(file)
    terms.note_accepted(1001, hub.hub.terms_version)
    terms.close()
    require_accepted(spawner)


@pytest.mark.parametrize("name", ["service-x", "gh-", "gh-1x", "ada"])
def test_who_is_no_github_account_has_accepted_nothing(hub, file, name):
    with pytest.raises(TermsNotAccepted):
        require_accepted(spawner_of(name, hub, file))


def test_a_ledger_that_cannot_be_read_is_neither_yes_nor_no(hub, file):
    file.write_bytes(b"no database at all, but long enough to be looked at")
    spawner = spawner_of("gh-1001", hub, file)
    with pytest.raises(TermsUnknown) as refusal:
        require_accepted(spawner)
    assert refusal.value.status_code == 503
    assert "not a database" in str(spawner.errors)


def test_a_table_that_is_gone_is_a_ledger_error(file):
    terms = Terms(file)
    other = sqlite3.connect(file)
    other.execute("DROP TABLE accepted")
    other.close()
    with pytest.raises(LedgerError, match="no such table"):
        terms.accepted_at(1001, "1")
    terms.close()
