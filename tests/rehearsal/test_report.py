"""What a rehearsal says: waits by step, and each way of failing once."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from hub_config.rehearsal.people import RehearsalError, from_file
from hub_config.rehearsal.report import as_json, for_people, quantile
from hub_config.rehearsal.walk import STEPS, Went


def a_class():
    """Nine came through, one waited in vain for a machine, two could not stop."""
    took = dict.fromkeys(STEPS, 1.0)
    went = [Went(f"p{n}", took | {"start": float(n)}) for n in range(1, 10)]
    went[0].asked_again = 2
    went.append(Went("p10", {"log in": 1.0, "start": 900.0}, "start", "no machine"))
    return went


def test_waits_count_those_who_came_through_the_step():
    start = as_json(a_class(), "http://hub")["steps"]["start"]
    assert start == {
        "passed": 9,
        "failed": 1,
        "p50_s": 5.0,
        "p95_s": 9.0,
        "slowest_s": 9.0,
    }


def test_people_read_who_failed_where_and_why():
    text = io.StringIO()
    report = as_json(a_class(), "http://hub")
    Console(file=text, width=100).print(for_people(report))
    assert "9 of 10 came through." in text.getvalue()
    assert "2 times the hub said that too many start at once" in text.getvalue()
    assert "start: no machine (p10)" in text.getvalue()


def test_a_hundred_who_fail_alike_are_one_line():
    went = [Went(f"p{n}", {"log in": 1.0}, "log in", "refused") for n in range(100)]
    text = io.StringIO()
    Console(file=text, width=100).print(for_people(as_json(went, "http://hub")))
    assert text.getvalue().count("refused") == 1
    assert "and 95 more" in text.getvalue()


def test_a_server_that_stays_is_named():
    went = [Went("p1", {"stop": 180.0}, "stop", "no end", left_running=True)]
    report = as_json(went, "http://hub")
    text = io.StringIO()
    Console(file=text, width=100).print(for_people(report))
    assert report["left_running"] == ["p1"]
    assert "may run still: p1" in text.getvalue()


@pytest.mark.parametrize(
    ("share", "value"), [(0, 1), (0.5, 2), (0.51, 3), (0.95, 4), (1, 4)]
)
def test_a_quantile_is_one_of_the_values(share, value):
    assert quantile([4, 1, 3, 2], share) == value


def test_tokens_are_read_from_a_file_each_once(tmp_path):
    file = tmp_path / "tokens"
    file.write_text("# of the canaries\none\n\ntwo\none\n")
    assert [walker.token for walker in from_file(file, 2)] == ["one", "two"]
    with pytest.raises(RehearsalError, match="2 tokens for 3 people"):
        from_file(file, 3)
    with pytest.raises(RehearsalError, match="No such file"):
        from_file(tmp_path / "none", 1)
