"""Merging keeps every range whole, and reads no more than small holes besides."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from archive_data.ranges import GAP_BYTES, Run, merge, part_bytes, parts

SPANS = st.lists(
    st.tuples(st.integers(0, 50_000_000), st.integers(1, 4_000_000)).map(
        lambda pair: (pair[0], pair[0] + pair[1])
    ),
    max_size=60,
)


@settings(deadline=None)
@given(SPANS, st.integers(0, 8 << 20))
def test_each_range_lies_in_exactly_one_run(
    wanted: list[tuple[int, int]], least: int
) -> None:
    runs = merge(wanted, least)
    assert sorted(i for run in runs for i in run.members) == list(range(len(wanted)))
    for run in runs:
        for i in run.members:
            assert run.start <= wanted[i][0] <= wanted[i][1] <= run.stop


@settings(deadline=None)
@given(SPANS, st.integers(0, 8 << 20))
def test_only_small_holes_are_read_through(
    wanted: list[tuple[int, int]], least: int
) -> None:
    for run in merge(wanted, least):
        end = run.start
        for start, stop in sorted(wanted[i] for i in run.members):
            assert start - end <= GAP_BYTES
            end = max(end, stop)
        assert end == run.stop


@settings(deadline=None)
@given(st.integers(1, 100_000_000))
def test_the_parts_of_a_run_are_the_run(size: int) -> None:
    found = list(parts(Run(7, 7 + size), part_bytes(size)))
    assert found[0][0] == 7
    assert found[-1][1] == 7 + size
    assert all(a[1] == b[0] for a, b in pairwise(found))
