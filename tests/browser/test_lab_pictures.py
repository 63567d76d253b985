"""The pictures of the docs are of a dashboard that shows something."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from tests.browser.lab_pictures import coloured, dashboard
from tests.local.conftest import started


def png(colours):
    """Return a picture of stripes."""
    picture = Image.new("RGB", (len(colours), 10))
    for x, colour in enumerate(colours):
        picture.paste(colour, (x, 0, x + 1, 10))
    made = io.BytesIO()
    picture.save(made, "PNG")
    return made.getvalue()


def test_a_page_without_tasks_is_told_from_one_with():
    assert coloured(png(["white", "lightgray", "black", "#f8f8f8"])) == 0
    assert coloured(png(["white", "white", "#66cc55", "#66cc55"])) == 0.5


@pytest.mark.browser
@pytest.mark.notebooks
def test_the_dashboard_shows_the_tasks_of_the_first_notebook(log_in, visit):
    server = started(log_in("grace"), "base")
    assert coloured(dashboard(visit("grace"), server)) > 0.1
    server.stop()
