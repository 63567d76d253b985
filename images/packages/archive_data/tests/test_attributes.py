"""Attributes of each type and shape are what h5py gives."""

import io

import h5py
import numpy as np
import pytest

from archive_data.attributes import Attributes

VALUES = {
    "text": "a",
    "umlaut": "äö",
    "empty text": "",
    "no text": h5py.Empty(h5py.string_dtype()),
    "no number": h5py.Empty("f4"),
    "bytes": np.bytes_("x"),
    "texts": ["a", "b"],
    "one text in a list": ["a"],
    "yes": True,
    "integer": 3,
    "big-endian": np.array(3, ">i2"),
    "unsigned": np.uint64(2**64 - 1),
    "half": np.float16(2),
    "float": 0.1,
    "long double": np.longdouble("0.1"),
    "complex": 1 + 2j,
    "one number in a list": [1],
    "matrix": np.eye(2),
    "pair": np.array((1, 2.0), [("a", "i4"), ("b", "f8")]),
    "nothing in a list": np.zeros(0),
}


@pytest.fixture(scope="module")
def file():
    with h5py.File(io.BytesIO(), "w") as file:
        for name, value in VALUES.items():
            file.attrs[name] = value
        ascii_text = h5py.string_dtype("ascii")
        file.attrs.create("ascii", "abc", dtype=ascii_text)
        file.attrs.create("not UTF-8", b"\xff\xfe", dtype=ascii_text)
        file.attrs["reference"] = file.ref
        file.attrs["kind"] = np.array(1, h5py.enum_dtype({"a": 0, "b": 1}))
        yield file


def test_the_short_way_gives_what_h5py_gives(file):
    ours, theirs = Attributes(file), file.attrs
    assert list(ours) == list(theirs)
    assert len(theirs) == len(VALUES) + 4
    in_pass = dict(ours.items())
    assert list(in_pass) == list(theirs)
    for name, expected in theirs.items():
        found = ours[name]
        assert type(found) is type(expected), name
        assert type(in_pass[name]) is type(expected), name
        assert getattr(found, "dtype", None) == getattr(expected, "dtype", None), name
        if not isinstance(expected, h5py.Reference):
            np.testing.assert_array_equal(found, expected, name)


@pytest.mark.parametrize("tracked", [False, True])
@pytest.mark.parametrize("names", ["abc", "cab", "c", "", "zyxwvutsrqponmlkji"])
def test_all_come_in_the_order_of_h5py(tracked, names):
    with h5py.File(io.BytesIO(), "w") as file:
        group = file.create_group("g", track_order=tracked)
        for number, name in enumerate(names):
            group.attrs[name] = number
        found = Attributes(group).items()
        assert list(found) == list(group.attrs.items())
        assert [name for name, _ in found] == (
            list(names) if tracked else sorted(names)
        )
        assert len(found) == len(names)
        assert ("absent", 1) not in found
        assert all(pair in found for pair in group.attrs.items())


def test_names_that_are_no_text_are_kept_as_they_are(file):
    with h5py.File(io.BytesIO(), "w") as odd:
        for name in (b"b\xff", "ä", "a"):
            odd.attrs[name] = 1
        assert list(Attributes(odd).items()) == list(odd.attrs.items())


def test_a_missing_attribute_is_a_key_error(file):
    with pytest.raises(KeyError):
        Attributes(file)["absent"]
    assert Attributes(file).get("absent", 5) == 5
