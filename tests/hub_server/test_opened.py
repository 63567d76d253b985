"""A link to an asset becomes a notebook that reads it, and overwrites nothing."""

import json
from pathlib import Path

import httpx
import pytest

MAKE = """
import h5py
with h5py.File({file!r}, "w") as out:
    out["x"] = [6, 7]
"""


@pytest.fixture(scope="module")
def kernel(server):
    return server.kernel()


@pytest.fixture(scope="module")
def asset(server, kernel):
    file = str(server.home / "sub-1 session.h5")
    kernel.run(MAKE.format(file=file))
    return file


def follow(server, **arguments):
    """Follow a link; return the notebook's place in the home."""
    answer = server.http.get("/archive-hub/open", params=arguments)
    assert answer.status_code == 302, answer.text
    before, _, name = answer.headers["Location"].rpartition("/")
    assert before.endswith("/lab/tree/opened")
    return server.home / "opened" / name


def codes(place: Path):
    cells = json.loads(place.read_text())["cells"]
    return [cell["source"] for cell in cells if cell["cell_type"] == "code"]


def test_the_notebook_that_a_link_makes_reads_the_asset(server, kernel, asset):
    place = follow(server, asset=asset)
    assert place.name == "sub-1-session.h5.ipynb"
    told = kernel.run("\n".join([*codes(place), "print(file['x'][:])"]))
    assert told.endswith("[6 7]\n"), told


def test_a_second_visit_finds_what_the_person_made_of_it(server, asset):
    place = follow(server, asset=asset)
    mine = json.loads(place.read_text())
    mine["cells"].append({"cell_type": "raw", "source": "my thoughts", "metadata": {}})
    place.write_text(json.dumps(mine))
    assert follow(server, asset=asset) == place
    assert "my thoughts" in place.read_text()


@pytest.mark.parametrize("there", ["{not json", '{"metadata": 1}', ""])
def test_what_has_the_name_already_is_left_alone(server, asset, there):
    place = follow(server, asset=asset)
    place.write_text(there)
    other = follow(server, asset=asset)
    assert other.name == "sub-1-session.h5-2.ipynb"
    assert place.read_text() == there
    place.unlink()
    other.unlink()


REFUSED = {
    "DANDI:54": (400, "is no dandiset"),
    "gopher://x/y.nwb": (400, "is not read"),
    "/no/such/file.nwb": (400, "there is no such file"),
    "": (400, "names no asset"),
}


@pytest.mark.parametrize("reference", REFUSED)
def test_a_link_to_nothing_is_refused_in_a_sentence(server, reference):
    status, words = REFUSED[reference]
    answer = server.http.get("/archive-hub/open", params={"asset": reference})
    assert answer.status_code == status
    assert words in answer.text
    assert "Traceback" not in answer.text


def test_an_archive_that_does_not_answer_is_not_a_missing_asset(start_server):
    server = start_server(DANDI_INSTANCE="http://127.0.0.1:9")
    answer = server.http.get("/archive-hub/open", params={"asset": "000054"})
    assert answer.status_code == 503, answer.text
    assert not (server.home / "opened").exists()


def test_only_its_owner_and_no_picture_on_a_page_makes_notebooks(server, asset):
    address = f"{server.url}/archive-hub/open"
    stranger = httpx.get(address, params={"asset": asset})
    assert "lab/tree" not in stranger.headers.get("Location", "")
    assert stranger.status_code in {302, 403}
    hidden = {"Sec-Fetch-Mode": "no-cors"}
    answer = server.http.get(
        "/archive-hub/open", params={"asset": asset}, headers=hidden
    )
    assert answer.status_code == 400
