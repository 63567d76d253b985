"""What the start page offers, what it refuses, and what it remembers."""

from __future__ import annotations

import json
import random
import re
import socket
import subprocess
import sys
from types import SimpleNamespace

import pytest

from hub_config.local.configure import local_profiles
from hub_config.local.spawner import LocalKubeSpawner, StartFailed
from hub_config.startpage import RefusedChoice, check_choice
from hub_config.starts import Waits, duration_text, explain

JUNK = [
    None,
    True,
    0,
    -1,
    1e9,
    "",
    "tiny ",
    "TINY",
    "../base",
    [],
    ["base"],
    {},
    "é" * 99,
]
# Attributes of a spawner that a person would like to set.
KEYS = ["image", "mem_limit", "kubespawner_override", "cmd", "profile ", "slug", "{}"]


@pytest.fixture
def spawner(hub):
    person = SimpleNamespace(id=1, name="gh-1001", escaped_name="gh-1001")
    return LocalKubeSpawner(user=person, profile_list=local_profiles(hub))


def mutations(seed, count):
    """Return `count` choices that this hub does not offer."""
    pick = random.Random(seed)
    for _ in range(count):
        choice = {"profile": pick.choice(["tiny", "base", "large"])}
        kind = pick.randrange(4)
        if kind == 0:
            choice["profile"] = pick.choice([v for v in JUNK if v is not None])
        elif kind == 1:
            choice[pick.choice(KEYS)] = pick.choice([*JUNK, "evil:latest"])
        elif kind == 2:
            choice = pick.choice([["profile"], "base", 7, [["profile", "base"]]])
        else:
            choice = {pick.choice(KEYS): pick.choice(JUNK)}
        yield choice


async def test_five_thousand_tampered_choices_are_refused_with_a_reason(spawner):
    for choice in mutations(seed=1, count=5000):
        spawner.user_options = choice
        with pytest.raises(RefusedChoice) as refusal:
            await check_choice(spawner, choice)
        assert refusal.value.status_code == 400
        assert refusal.value.jupyterhub_message, choice


@pytest.mark.parametrize("profile", ["gpu", "matlab"])
async def test_what_this_machine_lacks_is_refused_with_the_reason(spawner, profile):
    spawner.user_options = {"profile": profile}
    with pytest.raises(RefusedChoice, match="Not on this machine"):
        await check_choice(spawner, spawner.user_options)


async def test_every_size_that_is_offered_may_be_chosen(spawner):
    for profile in ("tiny", "base", "large", "xlarge"):
        spawner.user_options = {"profile": profile}
        await check_choice(spawner, spawner.user_options)


@pytest.mark.parametrize(
    ("last", "chosen"),
    [
        ({}, "base"),
        ({"profile": "large"}, "large"),
        ({"profile": "gone"}, "base"),
        ({"profile": "gpu"}, "base"),
        ({"profile": "tiny", "image": "evil"}, "base"),
        (["tiny"], "base"),
    ],
)
def test_the_last_choice_is_chosen_again_while_it_is_offered(spawner, last, chosen):
    spawner.user_options = last
    page = spawner._render_options_form(spawner.profile_list)
    assert re.findall(r'value="(\w+)"[^>]*\bchecked\b', page) == [chosen]


def test_the_page_promises_the_numbers_of_the_declaration(spawner, hub):
    page = " ".join(spawner._render_options_form(spawner.profile_list).split())
    for profile in hub.profiles.values():
        assert f">{profile.display_name}</label>" in page
        assert f"<p>{profile.summary}</p>" in page
        memory = profile.memory_gib
        assert f"{memory.guarantee:g} to {memory.limit:g} GiB of memory</li>" in page


def test_the_usual_wait_is_the_median_of_the_last_starts(spawner):
    waits = Waits()
    assert waits.text("tiny") == ""
    for seconds in (4, 6, 300):
        waits.note("tiny", seconds)
    assert waits.text("tiny") == "about 6 seconds"
    assert waits.text("base") == ""
    assert [duration_text(s) for s in (0.2, 1.4, 89, 95, 300)] == [
        "1 second",
        "1 second",
        "89 seconds",
        "2 minutes",
        "5 minutes",
    ]


@pytest.mark.parametrize(
    "error", [None, KeyError("image"), OSError(28, "x"), TimeoutError()]
)
def test_a_failure_never_shows_the_name_of_an_exception(error):
    failure = explain(error)
    assert failure.todo
    assert "Error" not in failure.happened
    assert "image" not in failure.happened


@pytest.fixture
def process():
    """Return a function that runs some Python as a server's process."""
    started = []

    def run(code):
        started.append(subprocess.Popen([sys.executable, "-c", code]))
        return started[-1]

    yield run
    for one in started:
        one.kill()
        one.wait()


async def test_a_server_that_ends_before_it_listens_is_a_failure(spawner, process):
    spawner.proc = process("")
    spawner.pid = spawner.proc.pid
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        with pytest.raises(StartFailed, match="ended before it was ready"):
            await spawner._until_listening(*silent.getsockname())


async def test_a_server_that_listens_has_started(spawner, process):
    spawner.proc = process("import time; time.sleep(60)")
    with socket.create_server(("127.0.0.1", 0)) as listening:
        await spawner._until_listening(*listening.getsockname())
    assert spawner.proc.poll() is None


def test_tampered_calls_of_a_running_hub_are_refused_and_start_nothing(person):
    visitor = person("grace")
    headers = {"X-XSRFToken": visitor.xsrf}
    url = "/hub/api/users/gh-1002/server"
    for choice in mutations(seed=2, count=25):
        answer = visitor.post(url, content=json.dumps(choice), headers=headers)
        assert 400 <= answer.status_code < 500, (choice, answer.text)
        assert answer.json()["message"], choice
    assert visitor.get("/hub/spawn").status_code == 200
    servers = visitor.get("/hub/api/users/gh-1002", headers=headers).json()["servers"]
    assert servers == {}


@pytest.mark.parametrize("size", ["gone", "gpu", "base\x00", "' OR 1=1", "<script>"])
def test_a_tampered_form_comes_back_with_the_reason(person, size):
    visitor = person("grace")
    form = {"profile": size, "_xsrf": visitor.xsrf}
    answer = visitor.post("/hub/spawn", data=form)
    assert answer.status_code == 400
    assert 'role="alert"' in answer.text
    assert "<script>" not in answer.text.split('role="alert"')[1].split("</div>")[0]
    chosen = re.findall(r'value="(\w+)"[^>]*\bchecked\b', answer.text)
    assert len(chosen) == 1
    assert chosen[0] in ("tiny", "base", "large", "xlarge")
