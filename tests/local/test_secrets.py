"""T10: after a day of work and failures, no secret lies where it should not."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import httpx
import pytest

from hub_config.local.state import State
from tests.faults.secret_scan import files_below, processes_below, scan

LICENCE = "matlab-licence-4711-0815-geheim"
API_KEY = "archive-key-of-the-person-17f3a9"
# What nobody can plant, because the hub or the stand-in makes it up.
MADE_UP = {
    "GitHub's token": re.compile(rb"gho_\d+~\d+~"),
    "OAuth code": re.compile(rb"[?&]code=[0-9a-f]{20}"),
    "PKCE verifier": re.compile(rb"code_verifier=[\w-]{20}"),
}


@pytest.fixture
def day(running, start, person):
    """Work through a day; return the planted secrets by what they are called."""
    server = start("mei", "tiny")
    # The licence and the key are the person's own: on their home, in their kernel.
    server.run(f"open('.matlab-licence', 'w').write({LICENCE!r})")
    server.run(f"import os; os.environ['DANDI_API_KEY'] = {API_KEY!r}")
    server_token = server.run("print(os.environ['JUPYTERHUB_API_TOKEN'])").text.strip()
    assert len(server_token) > 20
    server.run("from dask_gateway import Gateway; print(Gateway().list_clusters())")
    visitor = person("mei")
    headers = {"X-XSRFToken": visitor.xsrf}
    place = "/hub/api/users/gh-1004"
    made = visitor.post(f"{place}/tokens", json={"note": "day"}, headers=headers)
    token = made.json()["token"]
    # What fails is written down most eagerly.
    visitor.get(f"/hub/api/users?token={token}")
    visitor.get("/hub/nowhere", headers={"Authorization": f"token {token}"})
    visitor.post(f"{place}/server", json={"profile": "huge"}, headers=headers)
    visitor.get("/hub/oauth_callback?code=0123456789abcdef0123&state=x")
    with httpx.Client(base_url=running["url"], follow_redirects=True) as stranger:
        page = stranger.get("/hub/oauth_login")
        form = dict(page.url.params) | {"login": "noor"}
        stranger.post(page.url.copy_with(query=None), data=form)
    kept = State(Path(running["state"])).secrets()
    assert len(kept) == 9
    planted = {"MATLAB licence": LICENCE, "archive key": API_KEY}
    planted |= {"server's token": server_token, "person's token": token}
    # The OAuth client's id is public.
    return planted | {k: v for k, v in kept.items() if k != "github_client_id"}


def test_no_secret_of_a_day_lies_in_logs_databases_or_command_lines(running, day):
    state = Path(running["state"])
    own = ["secrets.json", "homes", "scratch", "archive"]
    secrets = {**day, **MADE_UP}
    assert len(secrets) == 15
    places = [*files_below(state, leave_out=own), *processes_below(running["pid"])]
    assert any("hub.log" in name for name, _ in places)
    assert any("(rows)" in name for name, _ in places)
    assert scan(secrets, places) == []


def test_no_secret_lies_in_what_is_committed_or_rendered(root, running):
    kept = State(Path(running["state"])).secrets()
    listed = subprocess.run(
        ["git", "ls-files", "-z", "helm", "terraform", "docs", "hub_config"],
        cwd=root,
        capture_output=True,
        check=True,
    ).stdout
    names = [name for name in listed.decode().split("\0") if name]
    places = [(name, (root / name).read_bytes()) for name in names]
    assert scan({**kept, **MADE_UP}, places) == []


def test_the_server_of_another_person_knows_none_of_them(running, day, start):
    code = "import os, json; print(json.dumps(dict(os.environ)))"
    seen = start("grace", "tiny").run(code).text.encode()
    assert b"JUPYTERHUB_API_TOKEN" in seen
    assert scan(day, [("environment of gh-1002", seen)]) == []
