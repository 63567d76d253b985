"""Links are what h5py says of them, also those that lead nowhere."""

from __future__ import annotations

import io
from typing import Any

import h5py
import pytest

from archive_data import open_h5


@pytest.fixture
def files(s3: Any) -> Any:
    """The same file by h5py and by us."""
    data = io.BytesIO()
    with h5py.File(data, "w") as file:
        file["a/b/x"] = [1, 2]
        file["same"] = file["a/b/x"]
        file["soft"] = h5py.SoftLink("/a/b")
        file["dangling"] = h5py.SoftLink("/nowhere")
        file["outside"] = h5py.ExternalLink("other.h5", "/x")
        file["empty"] = h5py.Empty("f4")
    with h5py.File(data) as theirs, open_h5(s3.put("x.h5", data.getvalue())) as ours:
        yield theirs, ours


NAMES = ("a", "a/b", "a/b/x", "a/b/absent", "same", "soft", "soft/x", "dangling")
NAMES += ("outside", "absent", "absent/x", "/", "/a", ".", "a/", "empty")


def said(file: Any, name: Any, options: Any) -> Any:
    """What a file says of a link; "/" and a number are no names of links."""
    try:
        found = file.get(name, "none", getlink=True, **options)
    except (RuntimeError, TypeError) as error:
        return type(error), str(error)
    return repr(found)[:30], type(found), getattr(found, "path", "")


@pytest.mark.parametrize("name", [*NAMES, b"a", "ä", 3])
@pytest.mark.parametrize("options", [{}, {"getclass": True}])
def test_a_link_is_what_h5py_says(files: Any, name: Any, options: Any) -> None:
    theirs, ours = files
    assert said(ours, name, options) == said(theirs, name, options)
