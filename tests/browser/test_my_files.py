"""A person takes their files away by two clicks, on a telephone too."""

from __future__ import annotations

import tarfile
from pathlib import Path

import pytest

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("width", [1280, 390])
def test_two_clicks_bring_the_home(width, visit, running, tmp_path):
    home = Path(running["state"]) / "homes/gh-1002"
    home.mkdir(mode=0o700, exist_ok=True)
    (home / "thesis.txt").write_text("years of work")
    page = visit("grace", width=width)
    page.goto("/hub/home")
    page.get_by_role("link", name="Take your files with you").click()
    with page.expect_download() as coming:
        page.get_by_role("link", name="Download my home").click()
    assert coming.value.suggested_filename.startswith("gh-1002-20")
    assert coming.value.failure() is None
    coming.value.save_as(tmp_path / "home.tar")
    with tarfile.open(tmp_path / "home.tar") as tar:
        assert tar.extractfile("gh-1002/thesis.txt").read() == b"years of work"
