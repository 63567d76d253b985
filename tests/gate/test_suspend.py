"""An operator keeps somebody out, whatever the archive says."""

import subprocess
import sys
from pathlib import Path

import pytest

from hub_config.ledger import Ledger
from hub_config.suspended import Suspended


@pytest.fixture
def suspend(gate):
    """Return the operator's command on the ledger of the running hub."""

    def run(*words):
        script = Path(sys.executable).with_name("archive-hub")
        ledger = str(gate.state / "ledger.sqlite")
        return subprocess.run(
            [str(script), "suspend", *words, "--state", ledger],
            capture_output=True,
            text=True,
            timeout=60,
        )

    return run


def test_a_suspended_person_loses_pages_tokens_and_server_at_once(
    gate, person, suspend, wait_until
):
    who = person("mallory")
    gate.first.people(who)
    browser = gate.login("mallory")
    name = f"gh-{who.number}"
    browser.start_server(name)
    token = browser.token(name)

    done = suspend("mallory", "--reason", "mines coins")
    assert (done.returncode, done.stdout.count("is suspended")) == (0, 1), done.stderr
    wait_until("the server ends", lambda: not gate.users()[name]["server"], 10)
    wait_until("tokens end", lambda: gate.token_status(token) == 403, 10)
    wait_until("pages end", lambda: browser.home() == 302, 10)

    again = gate.login("mallory")
    assert again.status == 403
    assert "is suspended here" in again.answer.text
    assert "files are kept" in again.answer.text
    assert "mines coins" not in again.answer.text, "the reason is the operator's"
    assert f"gh-{who.number}\tmallory\tmines coins" in suspend().stdout

    assert suspend("mallory", "--lift").returncode == 0
    assert gate.login("mallory").status == 200


def test_tokens_of_somebody_without_a_server_end_too(gate, person, suspend, wait_until):
    who = person("quiet")
    gate.first.people(who)
    token = gate.login("quiet").token(f"gh-{who.number}")
    assert suspend(str(who.number)).returncode == 0
    wait_until("tokens end", lambda: gate.token_status(token) == 403, 10)
    suspend(str(who.number), "--lift")


def test_an_administrator_can_be_suspended(gate, person, suspend):
    gate.first.people(person("root", number=900))
    assert gate.login("root").status == 200
    suspend("900")
    assert gate.login("root").status == 403
    suspend("900", "--lift")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("nobody-here",), "nobody logged in here as 'nobody-here'"),
        (("987654321", "--lift"), "gh-987654321 (never seen here) is not suspended"),
        (("987654321", "--reason", "a\nb"), "--reason must be one line"),
        (("987654321", "--reason", "x" * 201), "got 201"),
        (("-1",), "No such option"),
        (("gh-0x5",), "nobody logged in here as 'gh-0x5'"),
    ],
)
def test_a_wrong_word_is_one_sentence(gate, suspend, words, says):
    gate.login("somebody")
    done = suspend(*words)
    assert done.returncode != 0
    assert says in done.stderr
    assert "Traceback" not in done.stderr
    assert not suspend().stdout


def test_it_is_remembered_and_lifted_once(tmp_path):
    file = tmp_path / "ledger.sqlite"
    Ledger(file).close()
    Suspended(file).suspend(7, "first")
    Suspended(file).suspend(7, "second")
    assert Suspended(file).everybody() == {7: "second"}
    assert Suspended(file).lift(7)
    assert not Suspended(file).lift(7)
