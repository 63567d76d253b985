"""The probe behind `helm test`: enforced, not enforced, nobody can tell."""

from __future__ import annotations

import socket

import pytest

from hub_config.check.enforcement import judge, reaches


@pytest.fixture
def open_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"127.0.0.1:{server.getsockname()[1]}"


@pytest.fixture
def closed_port():
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield f"127.0.0.1:{held.getsockname()[1]}"


def test_a_connection_is_tried_for_real(open_port, closed_port):
    assert reaches(open_port)
    assert not reaches(closed_port)


def test_open_and_closed_as_the_policies_say_is_enforced(open_port, closed_port):
    said = []
    assert judge(open_port, closed_port, said.append, 0.5) == 0
    assert said[0].startswith("network policies: enforced")


def test_what_should_be_closed_and_answers_is_not_enforced(open_port):
    said = []
    assert judge(open_port, open_port, said.append, 0.5) == 1
    assert "NOT enforced" in said[0]
    assert "install an engine" in said[0]


def test_a_hub_that_does_not_answer_proves_nothing(closed_port):
    said = []
    assert judge(closed_port, closed_port, said.append, 0.5) == 2
    assert "cannot tell" in said[0]
