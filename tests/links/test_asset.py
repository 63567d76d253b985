"""A link to an asset is read by its parts; everything else is one sentence."""

from __future__ import annotations

import random
import string
from urllib.parse import urlsplit

import pytest

from hub_config.links.address import LONGEST, LinkRefused
from hub_config.links.asset import read_asset

ID = "0a1b2c3d-0000-4000-8000-123456789abc"
API = "https://api.dandiarchive.org/api"
WEB = "https://dandiarchive.org"
BUCKET = "https://dandiarchive.s3.amazonaws.com"
PAGE = f"{WEB}/dandiset/000054/0.210819.1547/files?location="


@pytest.fixture
def read(hub):
    return lambda text: read_asset(text, hub.archives.values())


@pytest.mark.parametrize(
    ("link", "read_as"),
    [
        (f"{API}/assets/{ID}/download/", f"{API}/assets/{ID}/"),
        (f"{API}/assets/{ID.upper()}", f"{API}/assets/{ID}/"),
        (f"{API}/dandisets/000054/versions/draft/assets/{ID}/", f"{API}/assets/{ID}/"),
        (f"{PAGE}sub-F1%2Fa%20b.nwb&page=1", f"{PAGE}sub-F1/a%20b.nwb"),
        (
            f"{WEB}/#/dandiset/000054/draft/files?location=/sub-F1/x.nwb",
            f"{WEB}/dandiset/000054/draft/files?location=sub-F1/x.nwb",
        ),
        (
            f"{WEB}/dandiset/000054?location=x.nwb",
            f"{WEB}/dandiset/000054/files?location=x.nwb",
        ),
        (f"{BUCKET}/blobs/0a1/b2c/{ID}", f"{BUCKET}/blobs/0a1/b2c/{ID}"),
        (f"s3://dandiarchive/zarr/{ID}/", f"{BUCKET}/zarr/{ID}"),
        (f"HTTPS://API.dandiarchive.org/api/assets/{ID}/", f"{API}/assets/{ID}/"),
    ],
)
def test_the_forms_that_the_archive_shows_are_read(read, link, read_as):
    assert read(link) == read_as


WRONG = [
    "x",
    "javascript:alert(1)",
    f"https://evil.org/api/assets/{ID}/",
    f"https://dandiarchive.org@evil.org/api/assets/{ID}/",
    "https://dandiarchive.org.evil.org/dandiset/000054?location=x.nwb",
    f"//api.dandiarchive.org/api/assets/{ID}/",
    f"http://api.dandiarchive.org/api/assets/{ID}/",
    f"https://api.dandiarchive.org:99999/api/assets/{ID}/",
    f"{API}/assets/{ID}/../../users/me/",
    f"{API}/assets/not-an-id/",
    f"{WEB}/dandiset/000054/draft/files",
    f"{WEB}/dandiset/000054/draft/files?location=../../x",
    f"{WEB}/dandiset/000054/draft/files?location=a%0d%0aSet-Cookie:x",
    f'{WEB}/dandiset/000054/draft/files?location=x"),import(os)',
    f"{API}/assets/{ID}/\r\nX: y",
    f"{API}\\assets\\{ID}",
    f"https://other.s3.amazonaws.com/blobs/0a1/b2c/{ID}",
    f"{BUCKET}/blobs/../{ID}",
    f"{WEB}/dandiset/٠٠٠٠٥٤?location=x",
    "https://[::1/",
    "a" * (LONGEST + 1),
]


@pytest.mark.parametrize("link", WRONG)
def test_anything_else_is_refused_in_a_sentence(read, link):
    with pytest.raises(LinkRefused, match=r"^[A-Z].*\.$"):
        read(link)


def test_whatever_comes_in_leads_to_the_archive_or_nowhere(read, hub):
    pick = random.Random(8)
    homes = {
        "api.dandiarchive.org",
        "dandiarchive.org",
        "dandiarchive.s3.amazonaws.com",
    }
    good = [f"{API}/assets/{ID}/", f"{PAGE}sub-F1/x.nwb", f"{BUCKET}/zarr/{ID}"]
    passed = 0
    for _ in range(5000):
        text = list(pick.choice(good))
        for _ in range(pick.randrange(1, 4)):
            text[pick.randrange(len(text))] = pick.choice(string.printable)
        try:
            found = read("".join(text))
        except LinkRefused:
            continue
        passed += 1
        assert urlsplit(found).hostname in homes, text
        assert found.isascii()
        assert not set(found) & set(" \"'<>\\\r\n\t"), text
    assert passed > 100, "the mutations must not all be refused"
