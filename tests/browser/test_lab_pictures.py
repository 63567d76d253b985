"""A dashboard that shows something is told from an empty one."""

from __future__ import annotations

import io

from PIL import Image

from tests.browser.lab_pictures import coloured


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
