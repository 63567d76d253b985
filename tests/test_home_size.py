"""Homes are measured in the background, one at a time, and as the quota counts."""

from __future__ import annotations

import asyncio
import os
import time
from contextlib import ExitStack, closing

import pytest

from hub_config.home_size import AGAIN_AFTER_S, Sizes, disk_usage

from .test_usage import Clock

MIB = 2**20


@pytest.fixture
def homes(tmp_path):
    home = tmp_path / "gh-1"
    home.mkdir()
    (home / "data").write_bytes(os.urandom(3 * MIB))
    os.link(home / "data", home / "same")
    (home / "elsewhere").symlink_to("/usr")
    with (home / "holes").open("wb") as sparse:
        sparse.truncate(2**30)
    return tmp_path


@pytest.fixture
def sizes_of():
    """Return a function that makes the sizes of a folder of homes."""
    with ExitStack() as stack:
        yield lambda homes, path=None, clock=None: stack.enter_context(
            closing(Sizes(str(homes), path, clock or Clock()))
        )


async def known(sizes, name):
    for _ in range(200):
        if found := sizes.of(name):
            return found
        await asyncio.sleep(0.05)
    pytest.fail("it was never measured")


async def test_a_home_is_measured_as_the_quota_counts(homes, sizes_of):
    sizes = sizes_of(homes)
    assert sizes.of("gh-1") is None, "a page does not wait"
    found = await known(sizes, "gh-1")
    assert 3 * MIB <= found.size_bytes < 4 * MIB
    assert found.at.tzinfo is not None


async def test_it_is_measured_again_after_an_hour_and_not_before(homes, sizes_of):
    clock = Clock()
    sizes = sizes_of(homes, clock=clock)
    before = await known(sizes, "gh-1")
    # It is known a moment before the task that found it out has gone.
    await asyncio.gather(*sizes._tasks.values())
    (homes / "gh-1/more").write_bytes(os.urandom(2 * MIB))
    clock.now_s += AGAIN_AFTER_S
    assert sizes.of("gh-1") == before
    assert not sizes._tasks
    clock.now_s += 1
    assert sizes.of("gh-1") == before, "the last known, meanwhile"
    await asyncio.gather(*sizes._tasks.values())
    assert sizes.of("gh-1").size_bytes >= before.size_bytes + 2 * MIB


async def test_after_a_stop_it_is_measured_at_once_and_once(homes, sizes_of):
    sizes = sizes_of(homes)
    before = await known(sizes, "gh-1")
    (homes / "gh-1/more").write_bytes(os.urandom(2 * MIB))
    for _ in range(3):
        sizes.measure("gh-1")
    assert len(sizes._tasks) == 1
    await asyncio.gather(*sizes._tasks.values())
    assert sizes.known("gh-1").size_bytes >= before.size_bytes + 2 * MIB


@pytest.mark.parametrize("name", ["gh-2", "../gh-1", "gh-1/data", "", "-h"])
async def test_what_is_no_home_has_no_size(homes, name, sizes_of):
    sizes = sizes_of(homes)
    for _ in range(2):
        assert sizes.of(name) is None
        await asyncio.gather(*sizes._tasks.values())


@pytest.fixture
def du(tmp_path, monkeypatch):
    """Put a program in the place of du."""

    def write(does):
        program = tmp_path / "du"
        program.write_text(f"#!/bin/sh\n{does}\n")
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")

    return write


async def test_a_measurement_that_hangs_is_given_up(du, tmp_path):
    du("exec sleep 600")
    assert await disk_usage(str(tmp_path), patience_s=0.2) is None


async def test_a_hub_that_ends_does_not_wait_for_a_measurement(du, tmp_path):
    """JupyterHub cancels every task, those within asyncio too, and waits for all."""
    du("exec sleep 600")
    begun = time.monotonic()
    measuring = asyncio.ensure_future(disk_usage(str(tmp_path)))
    await asyncio.sleep(0)
    for task in (others := asyncio.all_tasks() - {asyncio.current_task()}):
        task.cancel()
    await asyncio.wait(others, timeout=20)
    assert measuring.cancelled()
    assert time.monotonic() - begun < 10


async def test_an_unreadable_folder_gives_no_number_too_small(du, tmp_path):
    du("echo '4096 home'; exit 1")
    assert await disk_usage(str(tmp_path)) is None


COMPLAINS = 'echo "du: {}" >&2; echo 4096 x; exit 1'


async def test_files_that_go_away_meanwhile_are_ordinary(du, tmp_path):
    du(COMPLAINS.format("cannot access 'x/tmp': No such file or directory"))
    assert await disk_usage(str(tmp_path)) == 4096
    du(COMPLAINS.format("cannot read directory 'x': Permission denied"))
    assert await disk_usage(str(tmp_path)) is None


async def test_a_home_that_comes_later_is_measured_then(homes, sizes_of):
    sizes = sizes_of(homes)
    assert sizes.of("gh-2") is None
    await asyncio.gather(*sizes._tasks.values())
    (homes / "gh-2").mkdir()
    assert await known(sizes, "gh-2")


async def test_a_home_that_cannot_be_read_is_not_tried_at_each_look(
    du, tmp_path, sizes_of
):
    complains = COMPLAINS.format("cannot read directory 'x': Permission denied")
    du(f"echo x >> {tmp_path}/tried; {complains}")
    sizes = sizes_of(tmp_path)
    for _ in range(3):
        assert sizes.of("gh-1") is None
        await asyncio.gather(*sizes._tasks.values())
    assert (tmp_path / "tried").read_text() == "x\n"


async def test_no_folder_is_told_from_one_that_nobody_can_read(tmp_path):
    with pytest.raises(FileNotFoundError, match="no folder"):
        await disk_usage(str(tmp_path / "none"))


async def test_homes_are_measured_one_after_the_other(du, tmp_path, sizes_of):
    busy = tmp_path / "busy"
    du(f"mkdir {busy} || exit 1; sleep 0.1; rmdir {busy}; echo 8192 x")
    sizes = sizes_of(tmp_path)
    for number in range(1, 6):
        assert sizes.of(f"gh-{number}") is None
    await asyncio.gather(*sizes._tasks.values())
    for number in range(1, 6):
        assert sizes.of(f"gh-{number}").size_bytes == 8192


async def test_what_was_measured_outlives_the_hub(homes, tmp_path, sizes_of):
    file = tmp_path / "people.sqlite"
    before = await known(sizes_of(homes, file), "gh-1")
    again = sizes_of("", file)
    assert again.known("gh-1") == before
    assert again.known("gh-2") is None
