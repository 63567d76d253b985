"""From the archive's list to a picture of data on S3, and on into a notebook."""

from __future__ import annotations

import html
import re
from urllib.parse import urljoin


def link(page, words):
    """Return where the link with these words leads."""
    found = re.search(rf'href="([^"]+)"[^>]*>{re.escape(words)}', page.text)
    assert found, f"no link {words!r} in {page.text}"
    return urljoin(str(page.url), html.unescape(found[1]))


def test_a_person_browses_the_archive_looks_and_goes_on_in_a_notebook(base):
    page = base.get("explorer/dandisets?search=visual+cortex+recording")
    page = base.visitor.get(link(page, "Extracellular recording"))
    page = base.visitor.get(link(page, "sub-anm01/"))
    for name in ("acquisition/", "ElectricalSeries/", "data"):
        page = base.visitor.get(link(page, name))
    assert page.text.count("<polyline") == 6
    assert "0 to 0.09995 s: rows 0 to 1999 of 800,000" in page.text
    notebook = base.visitor.get(link(page, "Open in a notebook"))
    place = f"{base.url}lab/tree/opened/sub-anm01_ses-20200203_ecephys.ipynb"
    assert notebook.url.path == place
