"""Who is let in, over HTTP: the table of cases of the gate's design."""

import pytest


def test_an_approved_person_is_in_whatever_the_letter_case(gate, person):
    gate.first.people(person("Alice", number=101, archive_login="aLICE"))
    browser = gate.login("alice")
    assert (browser.status, browser.home()) == (200, 200)
    assert "gh-101" in gate.users()
