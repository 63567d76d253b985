"""A link with an asset in it: a person lands in Lab on a notebook that reads it."""

from __future__ import annotations

DANDISET = "DANDI:000054/0.210819.1547"
PATH = "sub-F1/sub-F1_ses-20190407T210000_behavior+ophys.nwb"
NAME = "sub-F1_ses-20190407T210000_behavior+ophys.ipynb"


def open_link(server, **asked):
    return server.visitor.get(f"{server.url}archive-hub/open", params=asked)


def test_a_link_through_the_hub_opens_an_asset_in_a_notebook(base):
    asked = {"asset": DANDISET, "path": PATH}
    page = base.visitor.get("/hub/user-redirect/archive-hub/open", params=asked)
    assert page.url.path == f"{base.url}lab/tree/opened/{NAME}"
    assert page.status_code == 200
    notebook = base.get(f"api/contents/opened/{NAME}").json()["content"]
    first = next(cell for cell in notebook["cells"] if cell["cell_type"] == "code")
    output = base.run(f"{first['source']}\nprint(nwb.subject.subject_id)")
    assert (output.text.split()[-1], output.error) == ("F1", "")


def test_the_address_of_an_assets_bytes_serves_as_well(base):
    found = base.run(
        "from archive_data import open_asset\n"
        f"asset = open_asset({DANDISET!r}, {PATH!r})\n"
        "print(asset.download_url, asset.url)"
    )
    for address in found.text.split():
        page = open_link(base, asset=address)
        assert "/lab/tree/opened/" in page.url.path, page.text


def test_a_link_to_what_the_archive_has_not_says_so(base):
    page = open_link(base, asset=DANDISET, path="sub-F1/100%sure.nwb")
    assert page.status_code == 404
    assert "has no asset &#x27;sub-F1/100%sure.nwb&#x27;" in page.text
