"""A person takes their files away, and nobody else's."""

from __future__ import annotations

import io
import os
import tarfile
from pathlib import Path

import httpx
import pytest

PAGE = "/hub/my-files"
HOME = f"{PAGE}/home.tar"


@pytest.fixture
def homes(running):
    """Ada's and ben's homes as they are on the disk."""
    homes = Path(running["state"]) / "homes"
    for name in ("gh-1001", "gh-1002"):
        (homes / name).mkdir(mode=0o700, exist_ok=True)
        (homes / name / f"of-{name}.txt").write_text(name)
    return homes


def names(answer: httpx.Response) -> set[str]:
    assert answer.status_code == 200, answer.text
    with tarfile.open(fileobj=io.BytesIO(answer.content)) as tar:
        return {one.name for one in tar}


def test_who_is_logged_in_gets_their_home_while_no_server_runs(person, homes):
    odd = homes / "gh-1001" / os.fsdecode(b"caf\xe9")
    odd.write_text("x")
    (homes / "gh-1001" / "door").symlink_to(homes / "gh-1002")
    ada = person("ada")
    answer = ada.get(HOME)
    assert "gh-1001/of-gh-1001.txt" in names(answer)
    assert not any("gh-1002" in name for name in names(answer))
    assert answer.headers["content-type"] == "application/x-tar"
    assert answer.headers["cache-control"] == "no-store"
    assert 'attachment; filename="gh-1001-20' in answer.headers["content-disposition"]
    odd.unlink()


@pytest.mark.parametrize(
    "address",
    [
        f"{HOME}?user=gh-1001",
        f"{HOME}?name=gh-1001",
        f"{PAGE}/gh-1001/home.tar",
        f"{PAGE}/gh-1001.tar",
        f"{PAGE}/..%2Fgh-1001%2Fhome.tar",
        "/user/gh-1001/hub/my-files/home.tar",
    ],
)
def test_nobody_gets_anybody_elses(address, person, homes):
    answer = person("ben").get(address)
    if answer.status_code == 200 and answer.headers["content-type"].endswith("tar"):
        assert all(name.split("/")[0] == "gh-1002" for name in names(answer))
    assert b"of-gh-1001" not in answer.content


def test_a_stranger_and_a_token_get_none(running, person, homes):
    with httpx.Client(base_url=running["url"]) as stranger:
        answer = stranger.get(HOME)
        assert answer.status_code == 302
        assert "/hub/login" in answer.headers["location"]
        ada = person("ada")
        made = ada.post(
            "/hub/api/users/gh-1001/tokens", headers={"X-XSRFToken": ada.xsrf}
        )
        header = {"Authorization": f"token {made.json()['token']}"}
        answer = stranger.get(HOME, headers=header)
        assert answer.status_code == 302


def test_who_has_no_files_yet_is_told(person, homes):
    if (homes / "gh-1004").exists():
        pytest.skip("another test started a server of mei's")
    answer = person("mei").get(HOME)
    assert answer.status_code == 409
    assert "There are no files of yours yet" in answer.text


def asked(ada):
    """Return the status of a download that is left at once."""
    with ada.stream("GET", HOME) as answer:
        return answer.status_code


def test_one_download_at_a_time_and_going_away_ends_it(person, homes, until):
    with (homes / "gh-1001/large").open("wb") as file:
        for _ in range(64):
            file.write(os.urandom(2**20))
    ada = person("ada")
    try:
        with ada.stream("GET", HOME) as first:
            assert first.status_code == 200
            second = ada.get(HOME)
            assert second.status_code == 429
            assert "A download of your files runs already" in second.text
        until(lambda: asked(ada) == 200, 20, "the first to end")
    finally:
        (homes / "gh-1001/large").unlink()


def test_the_home_page_leads_there(person, homes):
    ada = person("ada")
    assert 'href="/hub/my-files"' in ada.get("/hub/home").text
    page = ada.get(PAGE).text
    assert 'href="/hub/my-files/home.tar"' in page
    assert "Download my home" in page
