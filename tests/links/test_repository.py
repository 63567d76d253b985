"""A link to a notebook in a git repository becomes nbgitpuller's address."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest

from hub_config.links.address import LinkRefused
from hub_config.links.repository import read_repository

REPO = "https://github.com/someone/analysis.git"


def test_the_address_names_repository_branch_and_notebook():
    found = urlsplit(read_repository(REPO, "main", "/day 1/look.ipynb"))
    assert found.path == "git-pull"
    assert parse_qs(found.query) == {
        "repo": [REPO],
        "targetpath": ["analysis"],
        "urlpath": ["lab/tree/analysis/day 1/look.ipynb"],
        "branch": ["main"],
    }


def test_without_a_path_the_repository_is_shown():
    assert read_repository(REPO, "", "").endswith("urlpath=lab%2Ftree%2Fanalysis")


@pytest.mark.parametrize(
    ("repo", "branch", "path"),
    [
        ("file:///etc", "", ""),
        ("git@github.com:someone/x", "", ""),
        ("http://github.com/someone/x", "", ""),
        ("ext::sh -c touch% /tmp/x", "", ""),
        ("--upload-pack=touch", "", ""),
        ("https://me:secret@github.com/x/y", "", ""),
        ("https://github.com", "", ""),
        ("https://github.com/x/y?z", "", ""),
        ("https://github.com/x/..", "", ""),
        ("https://github.com/x/.jupyter", "", ""),
        (REPO, "--force", ""),
        (REPO, "a..b", ""),
        (REPO, "a b", ""),
        (REPO, "", "../../.ssh/id_rsa"),
        (REPO, "", ".git/config"),
        (REPO, "", "a\nb"),
    ],
)
def test_anything_else_is_refused_in_a_sentence(repo, branch, path):
    with pytest.raises(LinkRefused, match=r"^[A-Z].*\.$"):
        read_repository(repo, branch, path)
