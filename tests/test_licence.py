"""What the licence field takes, and what the declaration opens for it."""

from __future__ import annotations

import json

import pytest

from hub_config import licence, render
from hub_config.profiles import profile_list
from hub_config.tables import LicenceServer

ALLOWED = ["27000@licence.example.edu", "1711@b.example.edu", "1711@c.example.edu"]


def server(**changes):
    given = {
        "host": "licence.example.edu",
        "address": "192.0.2.10",
        "port": 27000,
        "vendor_port": 27001,
    }
    return LicenceServer.model_validate(given | changes)


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("", ""),
        ("   ", ""),
        (" 27000@licence.example.edu\n", ALLOWED[0]),
        ("27000@LICENCE.Example.EDU", ALLOWED[0]),
        (", ".join(ALLOWED), ",".join(ALLOWED)),
    ],
)
def test_an_allowed_server_is_taken(typed, read):
    assert licence.read(typed, ALLOWED) == read


@pytest.mark.parametrize(
    "typed",
    [
        "licence.example.edu",
        "27000",
        "@licence.example.edu",
        "27000@",
        "27000@licence",
        "027000@licence.example.edu",
        "270000@licence.example.edu",
        "27000@@licence.example.edu",
        "27000@licence.example.edu:1711@b.example.edu",
        "27000@licence.example.edu,",
        "27000@licence.example.edu 1711@b.example.edu",
        "27000@licence.example.edu\nLD_PRELOAD=/x",
        "27000@licence.example.edu;reboot",
        "/home/jovyan/licence.lic",
        "\uff127000@licence.example.edu",
        "27000@lícence.example.edu",
        "27000@192.0.2.10/../x",
        "1@a.b," * 9999,
    ],
)
def test_another_shape_is_answered_with_how_it_is_written(typed):
    with pytest.raises(
        licence.LicenceRefused, match=r"27000@licence\.example\.edu"
    ) as no:
        licence.read(typed, ALLOWED)
    assert len(str(no.value)) < 300


@pytest.mark.parametrize(
    "typed",
    [
        "27000@other.example.edu",
        "27001@licence.example.edu",
        "27000@licence.example.edu.evil.org",
        "27000@licence.example.edu,27000@evil.example.org",
        "27000@192.0.2.10",
    ],
)
def test_a_server_that_is_not_allowed_is_named_to_nobody(typed):
    with pytest.raises(licence.LicenceRefused, match="does not let") as no:
        licence.read(typed, ALLOWED)
    for word in (*ALLOWED, typed):
        assert word not in str(no.value)


def test_without_any_server_the_form_says_how_to_sign_in(hub):
    matlab = next(one for one in profile_list(hub) if one["slug"] == "matlab")
    assert matlab["licence_servers"] == []
    others = [one for one in profile_list(hub) if one["slug"] != "matlab"]
    assert not any("licence_servers" in one for one in others)


def test_a_declared_server_opens_its_two_ports_and_nothing_else(hub):
    more = hub.model_copy(update={"licence_servers": {"example": server()}})
    text = render.helm_values(more, "localhost")
    values = json.loads(text.split("\n", 1)[1])
    assert values["network"]["licenceServers"] == [
        {"cidr": "192.0.2.10/32", "port": 27000},
        {"cidr": "192.0.2.10/32", "port": 27001},
    ]
    offered = values["jupyterhub"]["singleuser"]["profileList"]
    matlab = next(one for one in offered if one["slug"] == "matlab")
    assert matlab["licence_servers"] == ["27000@licence.example.edu"]


@pytest.mark.parametrize(
    "changes",
    [
        {"address": "192.0.2.0/24"},
        {"address": "licence.example.edu"},
        {"address": "127.0.0.1"},
        {"address": "169.254.169.254"},
        {"address": "224.0.0.1"},
        {"address": "0.0.0.0"},
        {"address": "2001:db8::1"},
        {"port": 0},
        {"port": 65536},
        {"port": "27000"},
        {"vendor_port": None},
        {"host": "licence"},
        {"host": "Licence.example.edu"},
    ],
)
def test_a_declaration_that_would_open_something_else_is_refused(changes):
    with pytest.raises(ValueError, match=next(iter(changes)) + "|no address"):
        server(**changes)
