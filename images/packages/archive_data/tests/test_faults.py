"""Whatever S3 does: the right data, or one clear error; never a hang."""

from __future__ import annotations

import io
import pickle
import socket
import time
from collections.abc import Callable
from typing import Any

import h5py
import numpy as np
import pytest

from archive_data import (
    AccessDenied,
    DamagedChunk,
    NotReadable,
    ObjectChanged,
    ObjectNotFound,
    TransferFailed,
    backoff,
    open_h5,
    reset_stats,
    stats,
)
from archive_data.blob import HttpBlob
from archive_data.flight import Flight
from archive_data.gate import Gate, gate
from archive_data.h5 import File
from archive_data.ranges import Run

DATA = np.random.default_rng(0).integers(0, 500, (4000, 64)).astype("i2")


def file_bytes(**options: Any) -> bytes:
    memory = io.BytesIO()
    plan = {"chunks": (250, 32), "compression": "gzip", **options}
    with h5py.File(memory, "w") as file:
        file.create_dataset("x", data=DATA, **plan)
    return memory.getvalue()


@pytest.fixture
def url(s3: Any) -> str:
    return str(s3.put("x.h5", file_bytes()))


@pytest.mark.parametrize("kind", ["slow_down", "reset", "cut", "whole"])
def test_a_passing_fault_does_not_change_the_data(s3: Any, url: str, kind: str) -> None:
    file = File(HttpBlob(url))
    reset_stats()
    s3.fault(kind, times=3)
    assert (file["x"][:] == DATA).all()
    # A connection that lay idle and is found broken is replaced without being counted.
    assert stats().retries >= (kind != "reset")


@pytest.mark.parametrize("kind", ["slow_down", "reset", "cut", "whole"])
def test_a_fault_that_stays_is_one_clear_error(s3: Any, url: str, kind: str) -> None:
    file = File(HttpBlob(url))
    s3.fault(kind, times=1000)
    with pytest.raises(TransferFailed, match=r"not read in 6 tries"):
        file["x"][:]


def test_a_fault_inside_hdf5_is_the_same_clear_error(s3: Any, url: str) -> None:
    blob = HttpBlob(url)
    s3.fault("reset", times=1000)
    with pytest.raises(TransferFailed, match=r"not read in 6 tries"):
        File(blob)


def test_slow_down_halves_the_requests_under_way(s3: Any, url: str) -> None:
    file, before = File(HttpBlob(url)), gate.limit
    s3.fault("slow_down", times=2)
    assert (file["x"][:] == DATA).all()
    assert gate.limit <= before // 2
    gate.limit = gate.most


@pytest.mark.parametrize("end", ["cancel", "fail"])
def test_what_nobody_waits_for_is_not_tried_again(
    s3: Any, url: str, monkeypatch: Any, end: str
) -> None:
    monkeypatch.setattr(backoff.random, "uniform", lambda least, most: 60.0)
    s3.fault("slow_down", times=1000)
    tried = stats().retries
    flight = Flight(HttpBlob(url, 200), Run(0, 200))
    flight.start(100)
    wait_until(lambda: stats().retries == tried + 2)
    if end == "cancel":
        flight.cancel()
    else:
        flight.landed.set_exception(TransferFailed("another part"))
    wait_until(lambda: not gate._used)
    assert stats().retries == tried + 2
    gate.limit = gate.most


def wait_until(is_so: Callable[[], bool], most_s: float = 20) -> None:
    ends_s = time.monotonic() + most_s
    while not is_so():
        assert time.monotonic() < ends_s, "not so in time"
        time.sleep(0.01)


def test_the_gate_opens_again_after_successes() -> None:
    narrow = Gate(32)
    narrow.slow_down()
    assert narrow.limit == 16
    for _ in range(8 * 16):
        narrow.well_done()
    assert narrow.limit == 32


def test_an_object_that_was_replaced_is_noticed(s3: Any, url: str) -> None:
    file = File(HttpBlob(url))
    s3.put("x.h5", file_bytes()[:-1] + b"!")
    with pytest.raises(ObjectChanged, match="open it again"):
        file["x"][:]


def test_an_object_with_another_etag_is_noticed(s3: Any, url: str) -> None:
    file = File(HttpBlob(url))
    s3.fault("etag", times=1000)
    with pytest.raises(ObjectChanged, match="ETag"):
        file["x"][:]


class Renew:
    """Counts how often it was asked for a fresh address."""

    asked = 0

    def __init__(self, url: str) -> None:
        self.url = url

    def __call__(self) -> str:
        Renew.asked += 1
        return self.url


def test_an_expired_address_is_renewed(s3: Any, url: str) -> None:
    blob = HttpBlob(url + "?X-Amz-Signature=old", renew=Renew(url))
    file, Renew.asked = File(blob), 0
    s3.fault("expired", times=1)
    assert (file["x"][:] == DATA).all()
    assert Renew.asked == 1
    assert blob.url == url


def test_an_address_that_stays_refused_says_how_to_get_in(s3: Any, url: str) -> None:
    file = File(HttpBlob(url, renew=Renew(url)))
    s3.fault("expired", times=1000)
    with pytest.raises(AccessDenied, match="set DANDI_API_KEY"):
        file["x"][:]


def test_no_such_object_is_said(s3: Any) -> None:
    with pytest.raises(ObjectNotFound, match="404 NoSuchKey"):
        HttpBlob(s3.url + "/bucket/nothing")


def test_no_network_is_said() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(TransferFailed, match="check the network"):
        HttpBlob(f"http://127.0.0.1:{port}/bucket/x.h5")


@pytest.mark.parametrize("data", [b"", b"x", b"not an HDF5 file" * 500])
def test_what_is_no_hdf5_file_is_said(s3: Any, data: bytes) -> None:
    with pytest.raises(NotReadable, match="HDF5 does not open it"):
        open_h5(s3.put("y.h5", data))


@pytest.mark.parametrize("length", [600, 5000, 100_000])
def test_a_truncated_file_is_said(s3: Any, length: int) -> None:
    whole = file_bytes()
    with pytest.raises(NotReadable):
        open_h5(s3.put("z.h5", whole[:length]))["x"][:]


@pytest.mark.parametrize("options", [{}, {"fletcher32": True, "compression": None}])
def test_a_damaged_chunk_is_said(s3: Any, options: dict[str, Any]) -> None:
    data = bytearray(file_bytes(**options))
    memory = io.BytesIO(bytes(data))
    with h5py.File(memory) as file:
        info = file["x"].id.get_chunk_info(3)
    at = info.byte_offset + info.size // 2
    data[at : at + 40] = bytes(40)
    file = open_h5(s3.put("damaged.h5", bytes(data)))
    with pytest.raises(DamagedChunk, match=r"damaged\.h5: chunk \d+ at byte \d+"):
        file["x"][:]


def test_an_array_can_be_pickled(s3: Any, url: str) -> None:
    array = File(HttpBlob(url))["x"].array
    again = pickle.loads(pickle.dumps(array))
    assert (again[:] == DATA).all()
    assert again.token == array.token


def test_errors_can_be_pickled_for_dask() -> None:
    error = TransferFailed("x: not read")
    assert str(pickle.loads(pickle.dumps(error))) == "x: not read"
