"""Pickled references and descriptions of a Zarr that were made to harm."""

from __future__ import annotations

import pickle
import struct
import time
import zlib
from datetime import UTC, datetime
from typing import Any

import numcodecs
import numpy as np
import pytest

from archive_data import NotReadable, zarr_metadata
from archive_data.pickled import values
from archive_data.zarr_metadata import Described, describe, references

#: Words of a pickle: what stands in memory under 0 twice, as one tuple, under 0 again.
DOUBLED = b"h\0h\0\x86q\0"


def pickled(shape: bytes, items: bytes, before: bytes = b"") -> bytes:
    """The pickle of an array of objects with this shape and these items, in words."""
    start = (
        b"\x80\2cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\nK\0\x85C\1btR"
    )
    kind = b"cnumpy\ndtype\n(X\2\0\0\0O8\x89\x88tR"
    return (
        b"\x80\2"
        + before
        + start[2:]
        + b"(K\1"
        + shape
        + kind
        + b"\x89"
        + items
        + b"tb."
    )


def number(n: int) -> bytes:
    data = n.to_bytes(16, "little", signed=True)
    return b"\x8a\x10" + data


def text(length: int) -> bytes:
    return b"X" + struct.pack("<I", length) + b"a" * length


def test_these_words_are_understood() -> None:
    items = b"](X\1\0\0\0aK\5e"
    assert values(pickled(b"K\2\x85", items)) == ((2,), ["a", 5])
    assert values(pickled(number(1) + number(2) + b"\x86", items)) == ((1, 2), ["a", 5])


def nested(n: int) -> bytes:
    """A tuple of two tuples of two tuples ...: of 2**n values, in n words."""
    return b")q\0" + DOUBLED * n


HOSTILE = {
    "a negative shape": pickled(number(-1) + number(-2) + b"\x86", b"](K\1K\2e"),
    "a shape that wraps": pickled(number(1 << 32) + number(1 << 32) + b"\x86", b"]"),
    "a shape of a lot of nothing": pickled(number(0) + number(1 << 62) + b"\x86", b"]"),
    "a shape of truths": pickled(b"\x88\x85", b"]K\1a"),
    "a shape of many axes": pickled(b"(" + b"K\1" * 40 + b"t", b"]K\1a"),
    "a shape of text": pickled(text(3) + b"\x85", b"]K\1a"),
    "a text many times": pickled(
        number(100_000) + b"\x85",
        b"](" + b"h\0" * 100_000 + b"e",
        text(1 << 20) + b"q\0",
    ),
    "a number many times": pickled(
        number(110_000) + b"\x85",
        b"](" + b"h\0" * 110_000 + b"e",
        b"\x8a\xff" + b"\x7f" * 255 + b"q\0",
    ),
    "values in values": pickled(b"K\1\x85", b"]h\0a", nested(60)),
    "values in each of many": pickled(
        number(200) + b"\x85", b"](" + b"h\0" * 200 + b"e", nested(16)
    ),
    "a key that takes for ever": pickled(b"K\1\x85", b"]}h\0K\1sa", nested(60)),
    "keys of two kinds": pickled(b"K\1\x85", b"]}(K\1K\1X\1\0\0\0aK\1ua"),
    "a name of names": pickled(
        b"K\1\x85", b"]h\0a", text(3) + b"q\0" + b"h\0h\0\x93q\0" * 60
    ),
    "a name of values": pickled(
        b"K\1\x85", b"]h\1a", nested(60) + b"h\0X\1\0\0\0a\x93q\1"
    ),
    "no mark": pickled(b"K\1\x85", b"te"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_pickle_made_to_harm_is_refused_soon(name: str) -> None:
    began_s = time.process_time()
    with pytest.raises(NotReadable, match="hold more than plain data") as error:
        values(HOSTILE[name])
    assert len(str(error.value)) < 500
    assert time.process_time() - began_s < 20


def test_a_little_of_the_same_is_data() -> None:
    """What is refused above is so for its extent, not for a word of it."""
    assert values(pickled(b"K\1\x85", b"]h\0a", nested(2))) == ((1,), [[[[], []]] * 2])
    twice = pickled(b"K\2\x85", b"](h\0h\0e", text(3) + b"q\0")
    assert values(twice) == ((2,), ["aaa", "aaa"])


def test_many_marks_on_a_high_stack_take_no_longer() -> None:
    began_s = time.process_time()
    before = b"N" * 200_000 + b"(t" * 200_000
    assert values(pickled(b"K\1\x85", b"]K\1a", before)) == ((1,), [1])
    assert time.process_time() - began_s < 20


def test_words_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    long = pickled(b"K\1\x85", b"]K\1a", b"}" * 5000)
    assert values(long) == ((1,), [1])
    monkeypatch.setattr("archive_data.pickled._WORDS_MAX", 5000)
    with pytest.raises(NotReadable, match="too many words"):
        values(long)


class Hostile:
    def __reduce__(self) -> Any:
        return print, ("this must never be run",)


@pytest.mark.parametrize(
    "given",
    [
        np.array([Hostile(), {}], object),
        {"no": "array"},
        np.arange(3),
        np.array([{"a": Hostile()}, 1], object),
        np.array([datetime(2024, 1, 1, tzinfo=UTC), 1], object),
    ],
)
def test_what_is_more_than_data_is_refused(given: Any, capsys: Any) -> None:
    with pytest.raises(NotReadable, match="hold more than plain data"):
        values(pickle.dumps(given))
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("protocol", [3, 4, 5])
def test_plain_data_are_read_as_they_are(protocol: int) -> None:
    rows = [
        {"path": "/a", "n": -5},
        {"x": [1.5, None, True]},
        "text",
        2**70,
        np.int32(7),
    ]
    given = np.empty(5, object)
    given[:] = rows
    shape, found = values(pickle.dumps(given, protocol=protocol))
    assert shape == (5,)
    assert found == rows


def test_a_garbled_pickle_is_refused_or_data() -> None:
    given = np.empty(2, object)
    given[:] = [{"path": "/a"}, {"path": "/b"}]
    stored = pickle.dumps(given)
    rng = np.random.default_rng(0)
    for _ in range(500):
        garbled = bytearray(stored)
        for _ in range(rng.integers(1, 6)):
            garbled[rng.integers(len(garbled))] = rng.integers(256)
        try:
            values(bytes(garbled))
        except NotReadable:
            continue


ARRAY = Described("x", (2,), (2,), "", ".", references={"compressor": None})
ROWS = [{"path": "/a", "source": "."}, {"path": "/b", "source": "."}]


def stored() -> bytes:
    given = np.empty(2, object)
    given[:] = ROWS
    return pickle.dumps(given)


def packed_by(codec: Any) -> Described:
    return Described("x", (2,), (2,), "", ".", references={"compressor": codec})


@pytest.mark.parametrize(
    "codec",
    [
        numcodecs.Blosc("lz4"),
        numcodecs.Blosc("zstd", shuffle=2),
        numcodecs.Zlib(1),
        numcodecs.GZip(1),
        numcodecs.Zstd(3),
    ],
)
def test_references_are_read_whatever_packed_them(codec: Any) -> None:
    found = references(packed_by(codec.get_config()), codec.encode(stored()))
    assert numcodecs.JSON().decode(found).tolist() == ROWS


@pytest.mark.parametrize("codec", ["pickle", "lzma", "json2", 5, ["zlib"]])
def test_no_other_codec_is_called_for_references(codec: Any) -> None:
    for given in ({"id": codec}, [codec]):
        with pytest.raises(NotReadable, match="known are"):
            references(packed_by(given), b"cos\nsystem\n.")


@pytest.mark.parametrize("pack", ["zlib", "zstd", "blosc"])
def test_references_that_swell_are_refused(pack: str) -> None:
    much = bytes(zarr_metadata._REFERENCES_MAX_BYTES + 1)
    codec: Any = {"zlib": zlib.compress, "zstd": numcodecs.Zstd(1).encode}.get(
        pack, numcodecs.Blosc("lz4").encode
    )
    with pytest.raises(NotReadable, match="pickled references: filter"):
        references(packed_by({"id": pack}), codec(much))


def test_rows_of_equal_lists_are_rows() -> None:
    given = np.empty(2, object)
    for i in range(2):
        given[i] = [1, 2, 3]
    found = references(ARRAY, pickle.dumps(given))
    assert [list(row) for row in numcodecs.JSON().decode(found)] == [[1, 2, 3]] * 2


NODE = {
    **{"shape": [60, 100], "chunks": [60, 50], "dtype": "<i4", "order": "C"},
    **{"compressor": {"id": "zlib"}, "filters": None, "zarr_format": 2},
}


@pytest.mark.parametrize(
    "change",
    [
        {"dimension_separator": "/../../y/"},
        {"dimension_separator": ["."]},
        {"shape": [1] * 40, "chunks": [1] * 40},
        {"filters": [{"id": "shuffle"}] * 40},
        {"shape": [1 << 40], "chunks": [1]},
        {"dtype": "("},
        {"dtype": "i4,(999999999)i4"},
    ],
)
def test_a_description_made_to_harm_is_left_to_zarr(change: dict[str, Any]) -> None:
    found = describe("a/x/.zarray", {**NODE, **change})
    assert found is None or found.layout is None
    plain = describe("a/x/.zarray", NODE)
    assert plain is not None
    assert plain.layout is not None


@pytest.mark.parametrize(
    "key", ["00.1", "\u00b2.1", "\u0663.1", "1" * 5000 + ".0", "-0.1"]
)
def test_a_name_that_is_written_otherwise_is_no_chunk(key: str) -> None:
    found = describe("a/x/.zarray", {**NODE, "shape": [999, 999]})
    assert found is not None
    assert found.place(f"a/x/{key}") is None
    assert found.place("a/x/3.1") == (3, 1)
