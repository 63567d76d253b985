"""A licence server goes into one person's server and nowhere else, on a running hub."""

import re
from pathlib import Path

import pytest

from .conftest import ALLOWED

NAMED = "MLM_LICENSE_FILE"


def test_it_is_in_that_persons_server_and_nowhere_else(two, start_hub):
    ada, ben = two
    assert ada.start(profile="matlab", licence=f" {ALLOWED.upper()} ").status_code < 400
    ada.running()
    ben.start(profile="matlab", licence="")
    ben.running()
    assert start_hub.environment("gh-1001")[NAMED] == ALLOWED
    assert ALLOWED in start_hub.pod("gh-1001")
    assert NAMED not in start_hub.environment("gh-1002")
    assert NAMED not in start_hub.pod("gh-1002")
    assert start_hub.environment("gh-1002")["EVERYBODY"] == "has this"
    own = Path(f"/proc/{start_hub.process.pid}/environ").read_bytes()
    for place in (start_hub.files(), own, start_hub.log().encode()):
        assert b"licence.example.edu" not in place.lower()
    assert ada.model()["servers"][""]["user_options"] == {"profile": "matlab"}


def test_the_next_start_without_it_is_without_it(two, start_hub):
    ada, _ = two
    ada.start(profile="matlab", licence=ALLOWED)
    ada.running()
    ada.stop()
    assert ada.ask().status_code in (201, 202)
    ada.running()
    assert NAMED not in start_hub.environment("gh-1001")


def test_another_size_takes_no_notice_of_it(two, start_hub):
    ada, _ = two
    ada.start(profile="tiny", licence=ALLOWED)
    ada.running()
    assert NAMED not in start_hub.environment("gh-1001")


def test_a_refused_one_can_be_corrected_and_is_written_down_nowhere(two, start_hub):
    ada, _ = two
    page = ada.start(profile="matlab", licence="27000@other.example.org")
    assert page.status_code == 400
    assert "does not let that licence server through" in page.text
    assert re.search(r'id="licence"[^>]*value="27000@other.example.org"', page.text)
    assert re.search(r'value="matlab"[^>]*\bchecked\b', page.text)
    again = ada.client.get("/hub/spawn").text
    assert "other.example.org" not in again
    assert b"other.example.org" not in start_hub.files()
    assert "other.example.org" not in start_hub.log()
    assert ada.model()["servers"] == {}


@pytest.mark.parametrize("key", ["licence", "profile"])
def test_what_the_api_brings_is_refused_and_forgotten(two, start_hub, key):
    ada, _ = two
    answer = ada.ask(**{"profile": "matlab", key: "27000@secret.example.edu"})
    assert answer.status_code == 400
    assert "secret.example.edu" not in start_hub.stored()
    if key == "licence":
        assert "start form only" in answer.json()["message"]
        assert "secret.example.edu" not in start_hub.log()


def test_a_link_with_one_is_refused_in_words(two):
    ada, _ = two
    page = ada.client.get("/hub/spawn?profile=matlab&licence=27000@x.example.org")
    assert "does not belong in a link" in page.text, page.text
    assert ada.model()["servers"] == {}
