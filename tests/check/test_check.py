"""The command: anybody's values, ours, and things that are no values at all."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from hub_config.check import examine, reference
from hub_config.check.command import check

PUBLISHED = Path(__file__).with_name("published.yaml")
# What the references say of it, as rules.
KNOWN_FAULTS = {
    *("P1", "P2", "P3", "P4", "P6"),
    *("S1", "S2", "S3", "S4", "S5", "S6", "S7"),
    *("N2", "N3", "N4"),
    *("L3", "L4", "L5", "L6", "L7"),
    *("U1", "U2", "U3", "U4", "U5"),
    *("A2", "A3"),
}


@pytest.fixture
def run():
    app = typer.Typer()
    app.command()(check)

    def invoke(*words: str):
        return CliRunner().invoke(app, [str(word) for word in words])

    return invoke


def test_the_published_configuration_is_found_out(hub):
    found = {finding.code for finding in examine([PUBLISHED], hub)}
    assert found == KNOWN_FAULTS


def test_a_finding_names_file_key_fault_and_remedy(run):
    answer = run(PUBLISHED)
    assert answer.exit_code == 1
    line = f"{PUBLISHED}: singleuser.uid: uid is 0: root on the machine; remove it [S1]"
    assert line in answer.output.splitlines()


def test_json_is_for_programs(run):
    answer = run(PUBLISHED, "--format", "json")
    first = json.loads(answer.output)[0]
    assert first.keys() == {"file", "path", "code", "text"}


def test_the_rules_have_nothing_against_ours(run):
    answer = run()
    assert (answer.exit_code, answer.output) == (0, "")


def test_without_a_chart_nothing_is_claimed(run, monkeypatch, tmp_path):
    monkeypatch.setattr("hub_config.check.command.CHART", tmp_path)
    answer = run()
    assert answer.exit_code == 2
    assert "name values files" in answer.output


def test_a_rule_explains_itself(run):
    answer = run("--explain", "p3")
    assert answer.exit_code == 0
    assert "waits until its start times out" in answer.output


def test_an_unknown_rule_is_no_traceback(run):
    answer = run("--explain", "X9")
    assert answer.exit_code == 2
    assert "no rule 'X9'; there are A1" in answer.output


WRONG_FILES = {
    "not there": None,
    "a list": b"[1, 2]",
    "a word": b"word",
    "unclosed": b"a: [1",
    "tabs": b"a:\n\t- b",
    "not text": b"\xff\xfe\x00",
    "a key twice": b"hub: {}\nhub: {}",
    "a key that is a list": b"? [1, 2]\n: 3",
    "an unknown tag": b"a: !!python/object:os.system {}",
    "no such anchor": b"a: *b",
    "two documents": b"a: 1\n---\nb: 2",
    "a bottomless list": b"[" * 5000,
    "an impossible date": b"a: 2026-99-99",
}


@pytest.mark.parametrize("content", WRONG_FILES.values(), ids=WRONG_FILES)
def test_a_file_that_is_no_values_is_a_finding(run, tmp_path, content):
    file = tmp_path / "x.yaml"
    if content is not None:
        file.write_bytes(content)
    answer = run(file)
    assert answer.exit_code == 1
    assert answer.output.count("\n") == 1
    assert answer.output.startswith(f"{file}: ")
    assert answer.output.endswith("[Y1]\n")


def test_an_empty_file_says_nothing_about_any_chart(run, tmp_path):
    (tmp_path / "x.yaml").write_text("jupyterhub: {}\n")
    (tmp_path / "y.yaml").write_text("")
    assert run(tmp_path / "x.yaml", tmp_path / "y.yaml").exit_code == 1


@pytest.mark.parametrize("value", ["", "3", "[]", "word"])
def test_a_chart_without_keys_is_a_finding(codes, value):
    assert codes(f"jupyterhub: {value}") == {"Y1"}


def test_a_later_file_mends_an_earlier_one(codes):
    wrong, right = "singleuser: {uid: 0}", "singleuser: {uid: 1000}"
    assert "S1" not in codes(wrong, right)
    assert "S1" in codes(right, wrong)


def test_the_list_of_rules_in_the_docs_is_up_to_date(root):
    assert (root / "docs/reference/check.md").read_text() == reference()
