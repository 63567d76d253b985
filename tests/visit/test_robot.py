"""The canary's round on the hub of one machine, and at hubs that are ill."""

from __future__ import annotations

import json
from pathlib import Path

import httpx
import pytest

from hub_config.gate import user_name
from hub_config.visit.browser import Visitor
from hub_config.visit.health import exit_code
from hub_config.visit.robot import Robot, RobotAccount
from hub_config.visit.server import Server

LOOK = ["hub answers", "sign-in page", "API"]
USE = [*LOOK, "start Tiny", "read from S3", "add up on two Dask workers", "stop"]


@pytest.fixture
def token(running):
    secrets = json.loads((Path(running["state"]) / "secrets.json").read_text())
    return secrets["control_token"]


@pytest.fixture
def name(hub):
    return user_name(hub.canary.number)


def test_it_uses_a_whole_server_and_leaves_nothing(
    running, token, name, archive_hub, tmp_path
):
    file = tmp_path / "token"
    file.write_text(token)
    answer = archive_hub("canary", running["url"], "--token", f"file:{file}")
    assert answer.returncode == 0, (answer.stdout, answer.stderr)
    lines = answer.stdout.splitlines()
    assert [line[7:37].strip() for line in lines] == USE
    assert answer.stderr == "", "the hub was told"
    with Visitor(running["url"], token=token) as visitor:
        assert visitor.server_of(name) == {}


def test_its_token_opens_nothing_else(running, token, name, start):
    server = start("mei", "tiny")
    with Visitor(running["url"], token=token) as visitor:
        assert visitor.get(f"/hub/api/users/{name}").is_success
        for path in ("users", f"users/{server.name}", "groups", "proxy"):
            assert visitor.get(f"/hub/api/{path}").status_code in (403, 404), path
        stop = visitor.delete(f"/hub/api/users/{server.name}/server")
        assert stop.status_code in (403, 404)
        assert visitor.get(f"/user/{server.name}/api/kernels").status_code == 403
    assert server.status()[""]["ready"]


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ({"kind": "look", "failed": ""}, 204),
        ({"kind": "other", "failed": ""}, 400),
        ({"kind": "look", "failed": 1}, 400),
        (["look"], 400),
        ("look", 400),
    ],
)
def test_the_hub_takes_its_word_if_it_is_one(running, token, word, status):
    with Visitor(running["url"], token=token) as visitor:
        answer = visitor.post("/hub/health/canary", json=word)
    assert answer.status_code == status


def test_nobody_else_gives_its_word(running, person):
    word = {"kind": "look", "failed": "everything"}
    address = f"{running['url']}/hub/health/canary"
    assert httpx.post(address, json=word).status_code == 403
    visitor = person("ada")
    headers = {"X-XSRFToken": visitor.xsrf}
    answer = visitor.post("/hub/health/canary", json=word, headers=headers)
    assert answer.status_code == 403
    assert "only the canary" in answer.text


def round_at(url, **account):
    account = RobotAccount(name="gh-5", github="127.0.0.2", **account)
    with Visitor(url, token="t") as visitor:
        robot = Robot(visitor, account, print, whole=False)
        robot.run()
        return robot.steps, robot.report()


@pytest.fixture
def hub_that(serve):
    """Return a function that serves a hub which sends people to `to`."""

    def make(to, api=200, told=None):
        def answer(request):
            here = f"http://{request.headers['Host']}"
            if request.path.startswith("/hub/oauth_login"):
                return 302, {"Location": to.format(here=here)}, ""
            if request.path.startswith("/hub/api"):
                assert request.headers["Authorization"] == "token t"
                return api, {}, json.dumps({"name": "gh-5"})
            if request.path == "/hub/health/canary" and told is not None:
                size = int(request.headers["Content-Length"])
                told.append(json.loads(request.rfile.read(size)))
            return 200, {}, ""

        return serve(answer)

    return make


RIGHT = "http://127.0.0.2:9/auth?client_id=a&redirect_uri={here}/hub/oauth_callback"


def test_a_hub_that_is_well_is_said_to_be(hub_that):
    told = []
    steps, untold = round_at(hub_that(RIGHT, told=told), client_id="a")
    assert [(step.name, step.ok) for step in steps] == [(one, True) for one in LOOK]
    assert (told, untold) == ([{"kind": "look", "failed": ""}], "")


@pytest.mark.parametrize(
    ("to", "says"),
    [
        ("http://127.0.0.3/auth?client_id=a", "leads to '127.0.0.3'"),
        (RIGHT.replace("{here}", "https://evil.example"), "would come back to"),
        (RIGHT.replace("_callback", ""), "would come back to"),
        (RIGHT.replace("client_id=a", "client_id=b"), "is told the client 'b'"),
        (RIGHT.replace("client_id=a", ""), "is told the client ''"),
    ],
)
def test_people_sent_to_the_wrong_place_are_a_failure(hub_that, to, says):
    told = []
    steps, _ = round_at(hub_that(to, told=told), client_id="a")
    assert steps[-1].name == "sign-in page"
    assert says in steps[-1].detail
    assert told == [{"kind": "look", "failed": "sign-in page"}]


def test_a_token_that_is_not_taken_is_no_verdict(hub_that):
    told = []
    steps, _ = round_at(hub_that(RIGHT, api=403, told=told))
    assert exit_code(steps) == 2
    assert "is it that of its service 'canary'?" in steps[-1].detail
    assert told == []


def test_the_token_goes_to_the_hub_and_its_subdomains_alone():
    with Visitor("https://hub.example.org", token="t") as visitor:
        shown = {
            url: bool(visitor.authorization(httpx.URL(url)))
            for url in (
                "https://hub.example.org/hub/api",
                "https://gh-5.hub.example.org/user/gh-5/lab",
                "wss://gh-5.hub.example.org/user/gh-5/api",
                "http://hub.example.org/hub/api",
                "https://evilhub.example.org/",
                "https://github.com/login",
            )
        }
    assert list(shown.values()) == [True, True, True, False, False, False]


def test_a_server_is_looked_for_where_the_hub_says(serve):
    """Each server has an origin of its own; the way there is not led by the hub."""
    asked = []

    def server(request):
        asked.append(request.path)
        return 201 if "kernels" in request.path else 200, {}, json.dumps({"id": "k"})

    away = serve(server, "127.0.0.2")
    told = {"servers": {"": {"url": f"{away}/user/gh-5/"}}}

    def hub(request):
        assert request.path.startswith("/hub/"), request.path
        return 200, {}, json.dumps(told)

    with Visitor(serve(hub), token="t") as visitor:
        found = Server(visitor, "gh-5")
        found.start_kernel()
    assert asked == ["/user/gh-5/lab", "/user/gh-5/api/kernels"]
    assert found.url == f"{away}/user/gh-5/"


@pytest.mark.parametrize("token", ["", "env:NOT_SET", "file:/nowhere"])
def test_without_a_token_it_says_so_in_a_line(archive_hub, token):
    answer = archive_hub("canary", "http://127.0.0.1:9", "--token", token)
    assert answer.returncode == 2
    assert "canary" in answer.stderr
    assert "Traceback" not in answer.stderr
