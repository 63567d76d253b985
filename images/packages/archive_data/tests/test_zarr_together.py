"""What Zarr 3 asks for at once is fetched in one pass, and nothing of it twice."""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from archive_data import ZarrReadFailed
from archive_data.zarr_files import ZarrFiles
from archive_data.zarr_together import Together

zarr = pytest.importorskip("zarr")
ROWS, COLUMNS = 6, 4
DATA = np.arange(600 * 400, dtype="i4").reshape(600, 400)


class Counting(ZarrFiles):
    """Files that remember what they were asked for."""

    def __init__(self, *rest: Any, **named: Any) -> None:
        super().__init__(*rest, **named)
        self.asked: list[list[str]] = []

    def cat(self, path: Any, recursive: bool = False, **more: Any) -> Any:
        if not isinstance(path, str):
            self.asked.append(sorted(path))
        return super().cat(path, recursive, **more)


@pytest.fixture
def files(s3: Any) -> Counting:
    folder = Path(s3.bucket / "zarr" / "an-id")
    group = zarr.open_group(str(folder), mode="w")
    array = group.zeros(name="x", shape=DATA.shape, chunks=(100, 100), dtype="i4")
    array[...] = DATA
    found = Counting(
        f"{s3.url}/bucket/zarr/an-id", "a-digest", skip_instance_cache=True
    )
    s3.control("reset", "POST", {})
    return found


def gathered(files: ZarrFiles, paths: list[str]) -> list[Any]:
    """Ask for each path in a task of its own, as Zarr 3 does."""

    async def ask() -> list[Any]:
        together = Together(files)
        tasks = [together._cat_file(path) for path in paths]
        return await asyncio.gather(*tasks, return_exceptions=True)

    return asyncio.run(ask())


def keys(row: int) -> list[str]:
    """Return the names of a row of chunks."""
    return [f"x/{row}.{column}" for column in range(COLUMNS)]


def chunk(row: int, column: int) -> bytes:
    """Return the values of a chunk."""
    rows, columns = slice(row * 100, row * 100 + 100), slice(column * 100, None)
    return DATA[rows, columns][:, :100].tobytes()


def test_chunks_asked_for_at_once_are_one_pass(files: Counting) -> None:
    found = gathered(files, keys(0))
    assert [bytes(one) for one in found] == [chunk(0, c) for c in range(COLUMNS)]
    assert files.asked == [keys(0)]


def test_one_that_is_missing_takes_no_other_with_it(files: Counting) -> None:
    here, missing, also = gathered(files, ["x/0.0", "x/9.9", "x/0.1"])
    assert isinstance(missing, FileNotFoundError)
    assert bytes(here) == chunk(0, 0)
    assert bytes(also) == chunk(0, 1)


def test_a_failure_reaches_each_who_asked(s3: Any, files: Counting) -> None:
    gathered(files, ["x/0.0"])
    for column in (1, 2):
        (s3.bucket / f"zarr/an-id/x/0.{column}").write_bytes(b"broken")
    found = gathered(files, ["x/0.1", "x/0.2"])
    assert [type(one) for one in found] == [ZarrReadFailed] * 2


def test_one_that_is_broken_takes_no_other_with_it(s3: Any, files: Counting) -> None:
    gathered(files, ["x/1.0"])
    (s3.bucket / "zarr/an-id/x/0.1").write_bytes(b"broken")
    found = gathered(files, keys(0))
    assert isinstance(found[1], ZarrReadFailed)
    for column in (0, 2, 3):
        assert bytes(found[column]) == chunk(0, column)


def test_without_a_network_nothing_is_asked_one_by_one(
    s3: Any, files: Counting
) -> None:
    gathered(files, ["x/1.0"])
    s3.fault("reset", times=1000)
    found = gathered(files, keys(0))
    assert [type(one) for one in found] == [ZarrReadFailed] * COLUMNS
    assert files.asked == [["x/1.0"], keys(0)]


def test_what_another_thread_waits_for_is_not_fetched_ahead(
    s3: Any, files: Counting
) -> None:
    gathered(files, keys(0))
    # Long, for what follows has to be decided meanwhile.
    s3.control("options", "PUT", {"latency_ms": 2000})
    s3.control("reset", "POST", {})
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(gathered, files, keys(2))
        deadline_s = time.monotonic() + 60
        while s3.stats()["requests"] < COLUMNS and time.monotonic() < deadline_s:
            time.sleep(0.01)
        for row in (0, 1):  # a walk: what follows is fetched ahead
            gathered(files, keys(row))
        assert len(waiting.result()) == COLUMNS
    for row in range(3, ROWS):
        gathered(files, keys(row))
    sizes = [
        (s3.bucket / f"zarr/an-id/{key}").stat().st_size
        for row in range(1, ROWS)
        for key in keys(row)
    ]
    assert s3.stats()["bytes"] == sum(sizes)


def test_what_is_decoded_is_not_fetched_ahead(s3: Any, files: Counting) -> None:
    gathered(files, keys(2))
    gathered(files, keys(0))
    s3.control("reset", "POST", {})
    for row in (0, 1, 3, 4, 5):  # a walk from row 0 on
        gathered(files, keys(row))
    sizes = [
        (s3.bucket / f"zarr/an-id/{key}").stat().st_size
        for row in (1, 3, 4, 5)
        for key in keys(row)
    ]
    assert s3.stats()["bytes"] == sum(sizes)
