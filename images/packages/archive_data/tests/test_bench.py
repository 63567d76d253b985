"""What the benchmark says of its measurements: goals, differences, figures in words."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

ROOT = Path(__file__).parents[4]
sys.path.append(str(Path(__file__).parents[1] / "bench"))

import goals  # noqa: E402
import howto  # noqa: E402
import need  # noqa: E402
import operations  # noqa: E402
import pipeline  # noqa: E402
import plan  # noqa: E402
from processes import Worker  # noqa: E402
from report import Cell, write  # noqa: E402
from run import Limits, Run, has_another_turn  # noqa: E402


def cell(name: str, **found: Any) -> Cell:
    made = Cell(*name.split(" "))
    for method, more in found.items():
        row = {"seconds": 1.0, "requests": 40, "mb": 100.0, "rss_mb": 150.0, "cpu": 0.5}
        row |= {"network": 0.9, "pipeline": 1.5, "result": 7, "took_s": 2.0, **more}
        made.add(method.replace("_disk", " disk"), row)
    return made


def lines(cells: list[Cell], number: int) -> list[str]:
    table = goals.table(cells).splitlines()
    return [line for line in table if line.startswith(f"| {number} |")]


def test_a_goal_is_met_or_missed_by_its_bound() -> None:
    slow = cell("far big second", archive_data={"seconds": 1.6}, floor={})
    fast = cell("far small second", archive_data={"seconds": 1.4}, floor={})
    (line,) = lines([slow, fast], 5)
    assert line == "| 5 | one second, far: 1.5 F | **big 1.6**, small 1.4 | part |"
    assert lines([fast], 5)[0].endswith("| small 1.4 | yes |")
    assert lines([slow], 5)[0].endswith("| **big 1.6** | no |")
    assert lines([], 5)[0].endswith("| not measured |")


def test_a_goal_of_all_cells_names_those_that_miss() -> None:
    found = [
        cell(f"far {file} {what}", archive_data={}, remfile={"seconds": seconds})
        for seconds, file in ((2.0, "big"), (0.5, "small"))
        for what in ("channel", "second", "stream")
    ]
    (line,) = lines(found, 9)
    assert line.count("**far small") == 3
    assert line.endswith("3 of 6 met | part |")


def test_each_goal_can_be_reached_by_a_cell_of_the_full_plan() -> None:
    planned = {
        f"{part.network} {file} {what}"
        for part in plan.FULL_PLAN
        for file, what in part.cells()
    }
    wanted = {name for goal in goals.GOALS for name in goal.cells}
    assert wanted <= planned
    assert {goal.number for goal in goals.GOALS} == set(range(1, 14))


def test_the_page_has_every_goal_and_every_way(tmp_path: Path) -> None:
    found = [cell("far big stream", archive_data={}, remfile={}, floor={})]
    write(tmp_path / "x.md", found, "today", goals.table(found))
    text = (tmp_path / "x.md").read_text()
    assert text.count("\n| 7 |") == 4
    assert "| remfile | 1.00 |" in text
    assert "| 1.000 | 1.500 | 1.00 | 1.0 | 0.7 |" in text, "floor, pipeline, ours"


def test_unequal_results_are_a_complaint() -> None:
    found = cell("far big stream", archive_data={}, remfile={"result": 8})
    assert not found.is_equal
    assert "unequal results" in found.complaint()
    assert cell("far big stream", archive_data={}, remfile={}).is_equal


def test_an_answer_that_we_do_not_give_is_a_complaint_too() -> None:
    found = cell("far big stream", remfile={})
    found.add("archive_data", {"error": "over 60 s", "took_s": 60.0})
    assert not found.is_equal
    assert "over 60 s" in found.complaint()


class Slow:
    """A process that takes what it is given."""

    asked: list[float]

    def __init__(self) -> None:
        self.asked = []

    def ask(self, limit_s: float, **_: Any) -> dict[str, Any]:
        self.asked.append(limit_s)
        return {"error": f"over {limit_s:.0f} s"}


def test_no_row_begins_or_ends_after_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr("run.time.monotonic", lambda: now[0])
    limits = Limits(row_s=60, run_s=90, turns=3)
    limits.begin()
    run, process, found = Run("", Path(), {}, limits), Slow(), Cell("far", "big", "x")
    for at in (100.0, 160.0, 190.0, 500.0):
        now[0] = at
        run._ask(found, "archive_data", process)
    assert process.asked == [60, 30]
    assert found.found["archive_data"][-1]["error"] == "the time is up"


def test_the_first_turn_pays_for_the_memory_of_all() -> None:
    found = cell("far big stream", archive_data={"rss_mb": 300.0})
    faster = {"seconds": 0.5, "rss_mb": 1.0}
    found.add("archive_data", found.found["archive_data"][0] | faster)
    best = found.best("archive_data")
    assert best is not None
    assert (best["seconds"], best["rss_mb"]) == (0.5, 300.0)


def test_a_process_that_does_not_start_is_not_waited_for_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("processes.START_S", 0.01)
    process = Worker("local disk", "http://127.0.0.1:9", tmp_path, tmp_path)
    try:
        first = process.ask(5, do="measure", method="local disk", file="big")
        assert first == {"error": "it does not start: over 0 s"}
        monkeypatch.setattr(process, "_ask", None)
        assert process.ask(5, do="measure") == first
    finally:
        process.close()


def test_a_way_that_failed_has_no_further_turn() -> None:
    found = Cell("far", "big", "stream")
    found.add("remfile", {"error": "over 60 s", "took_s": 60.0})
    assert found.spent_s("remfile") == float("inf")


class Measured:
    """A process that takes so long, one time after the other, and then dies."""

    def __init__(self, *seconds: float) -> None:
        self.seconds = list(seconds)

    def ask(self, limit_s: float, do: str = "", **_: Any) -> dict[str, Any]:
        row = cell("far big open", any={}).found["any"][0]
        if do == "floor":
            return row
        return row | {"seconds": self.seconds.pop(0)} if self.seconds else {"error": ""}


def test_ways_that_are_close_have_as_many_turns_as_each_other() -> None:
    names = ("archive_data", "lindi, prebuilt", "remfile", "local disk", "s3fs default")
    times = [(2.5, 2.4, 2.3, 2.2, 2.1), (2.2,) * 5, (9.0,) * 5, (2.0,) * 5, (2.3,)]
    started = {n: Measured(*t) for n, t in zip(names, times, strict=True)}
    limits = Limits(row_s=60, run_s=90, turns=1, close_turns=5)
    limits.begin()
    run, found = Run("", Path(), {}, limits), Cell("far", "big", "open")
    run._fill(found, names, started)
    turns = [len(found.found[name]) for name in names]
    assert turns == [5, 5, 1, 1, 2], "close, close, far off, no network, failed"
    assert found.ours()["seconds"] == 2.1


def test_the_floor_has_as_many_turns_as_what_is_held_against_it() -> None:
    limits = Limits(row_s=60, run_s=90, turns=1, close_turns=5)
    limits.begin()
    run, found = Run("", Path(), {}, limits), Cell("far", "big", "channel")
    started = {n: Measured(*(1.0,) * 5) for n in ("archive_data", "remfile")}
    run._fill(found, tuple(started), started)
    assert {n: len(turns) for n, turns in found.found.items()} == {
        "floor": 5,
        "archive_data": 5,
        "remfile": 5,
    }


def test_where_no_peer_is_close_nobody_has_further_turns() -> None:
    far = {"archive_data": {}, "archive_data no index": {}, "remfile": {"seconds": 2.0}}
    assert cell("far big channel", **far).close(5) == []


def test_new_dask_workers_are_not_held_against_processes_that_have_read() -> None:
    for operation, again in (("dask", True), ("stream", False)):
        found = cell(f"far big {operation}", archive_data={"took_s": 3.0})
        assert has_another_turn(found, "archive_data") is again


def test_all_ways_that_use_dask_share_a_process() -> None:
    dask = plan.only(plan.FULL_PLAN, ["dask"])
    assert plan.workers(dask) == ["archive_data", "dask"]
    assert set(plan.workers(plan.FULL_PLAN)) == set(plan.IMPORTS)


def test_the_figures_go_between_the_marks_and_nowhere_else(tmp_path: Path) -> None:
    page = tmp_path / "x.md"
    before, after = "# Title\n", "The end.\n"
    page.write_text(f"{before}{howto.BEGIN}old\n{howto.END}{after}")
    found = [cell("far big channel", archive_data={}, remfile={"seconds": 4.0})]
    for _ in range(2):
        howto.fill(page, found, "2026-11-24, 5 minutes")
    text = page.read_text()
    assert text.startswith(before)
    assert text.endswith(after)
    assert "old" not in text
    assert "| one channel | 1.00 | 4.00 (remfile) | 4.00 | - | - |" in text
    assert "(2026-11-24)" in text


def test_a_page_without_marks_is_left_alone(tmp_path: Path) -> None:
    page = tmp_path / "x.md"
    page.write_text("# Title\n")
    with pytest.raises(ValueError, match="has no"):
        howto.fill(page, [], "")
    assert page.read_text() == "# Title\n"


def test_the_howto_has_the_marks() -> None:
    text = (ROOT / "docs/howto/read-data.md").read_text()
    assert text.count(howto.BEGIN) == text.count(howto.END) == 1


class Asked:
    """A dataset that remembers what was asked for; all of it is zero."""

    def __init__(self, shape: tuple[int, ...], chunks: tuple[int, ...]) -> None:
        self.shape, self.chunks = shape, chunks
        self.boxes: list[need.Box] = []

    def __getitem__(self, key: Any) -> Any:
        keys = key if isinstance(key, tuple) else (key,)
        keys += (slice(None),) * (len(self.shape) - len(keys))
        cut = [
            slice(k, k + 1).indices(n) if isinstance(k, int) else k.indices(n)
            for k, n in zip(keys, self.shape, strict=True)
        ]
        self.boxes.append(tuple((start, stop) for start, stop, _ in cut))
        return np.zeros([stop - start for start, stop, _ in cut], "u1")


@pytest.mark.parametrize(
    "operation", ["channel", "second", "windows", "stream", "patch", "frames"]
)
def test_the_pipeline_reads_what_the_operation_reads(operation: str) -> None:
    movie = operation in ("patch", "frames")
    shape, chunks = (
        ((320, 128, 128), (16, 64, 64)) if movie else ((95_000, 200), (7_000, 100))
    )
    asked = Asked(shape, chunks)
    opened = SimpleNamespace(file={operations.data_name(operation): asked})
    operations.OPERATIONS[operation](opened)
    assert asked.boxes == need.boxes(operation, shape, chunks[0])


def test_the_pipeline_puts_each_chunk_in_its_place() -> None:
    data = np.arange(50 * 12, dtype="i2").reshape(50, 12)
    chunk, boxes = (8, 5), [((3, 30), (0, 12)), ((30, 50), (4, 5))]
    firsts = [(i, j) for i in range(0, 50, 8) for j in range(0, 12, 5)]
    given: dict[need.Box, Any] = {}

    class Kept(pipeline.Results):
        def give(self, box: need.Box, result: Any) -> None:
            given[box] = result

    results = Kept(need.Need([], firsts, chunk, data.dtype, boxes))
    for number, (i, j) in enumerate(firsts):
        whole = np.full(chunk, -1, data.dtype)
        part = data[i : i + 8, j : j + 5]
        whole[: part.shape[0], : part.shape[1]] = part
        results.place(number, whole.reshape(-1).view("u1"))
    assert [*given] == boxes
    for ((a, b), (c, d)), result in given.items():
        assert (result == data[a:b, c:d]).all()


def test_a_chunk_that_does_not_decode_ends_the_pipeline(s3: Any) -> None:
    url = s3.put("damaged", bytes(4000))
    wanted = need.Need([(url, 0, 4000)], [(0,)], (9,), np.dtype("u1"), [((0, 9),)])
    with pytest.raises(Exception, match=r"DEFLATE|deflate"):
        pipeline.Pipeline(wanted, 2).seconds()
