"""A link from another site logs in, starts the server as last time, opens the file."""

from __future__ import annotations

import json
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from hub_config.terms import Terms

from .git_server import served

PAGE = "https://dandiarchive.org/dandiset/000054/0.210819.1547/files?location="
ASSET = f"{PAGE}sub-F1/x.nwb"
NAME = "gh-1003"


@pytest.fixture
def stranger(running):
    """A browser that nobody is logged in with, yet."""
    url = running["url"]
    with httpx.Client(base_url=url, follow_redirects=True, timeout=60) as visitor:
        yield visitor


def xsrf_of(visitor):
    jar = visitor.cookies.jar
    hubs = [one for one in jar if one.name == "_xsrf" and one.path == "/hub/"]
    return hubs[0].value


@pytest.fixture
def terms_unread(running):
    ledger = Path(running["state"]) / "people.sqlite"
    Terms(ledger).close()
    with closing(sqlite3.connect(ledger, timeout=5)) as db:
        db.execute("DELETE FROM accepted WHERE number = 1003")
        db.commit()


def servers_of(visitor):
    return visitor.get(f"/hub/api/users/{NAME}").json()["servers"]


@pytest.fixture
def stopped_after(stranger, until):
    """Stop the stranger's server in the end."""
    yield
    place = f"/hub/api/users/{NAME}/server"
    stranger.delete(place, headers={"X-XSRFToken": xsrf_of(stranger)})
    until(lambda: not servers_of(stranger), 60, "the server to stop")


def sign_in_where_led(visitor, page):
    """Do what a person does who follows a link: sign in, and read the terms."""
    link = page.url.copy_with(path="/hub/oauth_login")
    page = visitor.get(link)
    form = dict(page.url.params) | {"login": "Tomas-N"}
    page = visitor.post(page.url.copy_with(query=None), data=form)
    assert page.url.path == "/hub/terms", page.url
    version = page.text.split('name="version" value="')[1].split('"')[0]
    form = {
        "_xsrf": xsrf_of(visitor),
        "version": version,
        "next": page.url.params["next"],
    }
    return visitor.post("/hub/terms", data=form)


def asked_of_the_server(page):
    """Return which asset the person's own server was asked to open."""
    went = [answer.url for answer in (*page.history, page)]
    goals = [url for url in went if url.path == f"/user/{NAME}/archive-hub/open"]
    assert goals, went
    return goals[0].params["asset"]


def test_a_link_leads_through_login_terms_and_start_to_the_file(
    stranger, terms_unread, stopped_after, until
):
    page = sign_in_where_led(stranger, stranger.get("/open", params={"asset": ASSET}))
    assert page.url.path == f"/hub/spawn-pending/{NAME}", page.text
    until(lambda: servers_of(stranger).get("", {}).get("ready"), 120, "the server")
    assert servers_of(stranger)[""]["user_options"] == {"profile": "base"}
    assert asked_of_the_server(stranger.get(page.url)) == ASSET
    # A second click finds the server running.
    assert asked_of_the_server(stranger.get("/hub/open", params={"asset": ASSET})) == (
        ASSET
    )


def test_a_script_of_another_site_starts_nothing(person):
    visitor = person("grace")
    answer = visitor.get(
        "/hub/open", params={"asset": ASSET}, headers={"Sec-Fetch-Mode": "no-cors"}
    )
    assert answer.status_code == 403
    servers = visitor.get("/hub/api/users/gh-1002").json()["servers"]
    assert servers == {}


@pytest.mark.parametrize(
    "asked",
    [
        {"asset": "https://evil.example/x.nwb"},
        {"asset": "javascript:alert(1)"},
        {"asset": f"{PAGE}../../etc/passwd"},
        {"asset": "x\r\nSet-Cookie: a=b"},
        {"repo": "file:///etc"},
        {"repo": "https://example.org/a", "path": "../b"},
    ],
)
def test_a_wrong_link_is_one_sentence_before_any_login(stranger, asked):
    answer = stranger.get("/hub/open", params=asked)
    assert answer.status_code == 400
    assert answer.url.path == "/hub/open"
    assert "This link" in answer.text or "in this link" in answer.text
    assert "Set-Cookie: a" not in str(answer.headers)


def test_a_link_is_followed_and_never_posted(person):
    visitor = person("grace")
    headers = {"X-XSRFToken": xsrf_of(visitor)}
    assert visitor.post("/hub/open", headers=headers).status_code == 405
    assert visitor.get("/hub/api/users/gh-1002").json()["servers"] == {}


def test_without_a_link_there_is_a_page_to_make_one(person):
    page = person("grace").get("/hub/open")
    assert page.status_code == 200
    assert "Links that open here" in page.text


@pytest.fixture(scope="module")
def repository(tmp_path_factory) -> Iterator[str]:
    """A repository with one notebook, over HTTP; yields its address."""
    tmp_path = tmp_path_factory.mktemp("git")
    work, bare = tmp_path / "work", tmp_path / "www" / "analysis.git"
    bare.parent.mkdir()
    (work / "day 1").mkdir(parents=True)
    cell = {"cell_type": "code", "source": "1 + 1", "metadata": {}, "outputs": []}
    cell |= {"execution_count": None, "id": "one"}
    notebook = {"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    (work / "day 1" / "look.ipynb").write_text(json.dumps(notebook))

    def git(*words: str) -> None:
        who = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
        subprocess.run(["git", *who, *words], check=True, capture_output=True, cwd=work)

    git("init", "--initial-branch=main")
    git("add", ".")
    git("commit", "--message=A notebook")
    git("clone", "--bare", ".", str(bare))
    with served(bare.parent) as url:
        yield f"{url}/analysis.git"


def pulled(base, page: httpx.Response) -> str:
    """Do what nbgitpuller's page does, and return what it was told."""
    keys = {"repo", "branch", "targetpath"} & set(page.url.params)
    wanted = {key: page.url.params[key] for key in keys}
    place = f"{base.url}git-pull/api"
    return base.visitor.get(place, params=wanted, headers=base.headers).text


@pytest.mark.parametrize("branch", ["main", ""])
def test_a_link_to_a_git_repository_brings_its_notebook(base, repository, branch):
    asked = {"repo": repository, "path": "day 1/look.ipynb", "branch": branch}
    page = base.visitor.get("/hub/open", params=asked)
    assert page.status_code == 200, page.text
    assert page.url.path == f"{base.url}git-pull"
    told = pulled(base, page)
    assert '"phase": "finished"' in told, told
    content = base.get("api/contents/analysis/day%201/look.ipynb")
    assert content.json()["content"]["cells"][0]["source"] == "1 + 1"


def test_nbgitpullers_own_links_work_too(base, repository):
    asked = {"repo": repository, "targetpath": "mine", "branch": "main"}
    page = base.visitor.get("/hub/user-redirect/git-pull", params=asked)
    assert page.url.path == f"{base.url}git-pull"
    assert '"phase": "finished"' in pulled(base, page)
    assert base.get("api/contents/mine/day%201").status_code == 200
