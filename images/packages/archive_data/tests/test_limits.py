"""The memory and the cores of a reader are those of its control group."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from archive_data import limits

ASK = "from archive_data import limits as l; print(l.memory_bytes(), l.cache_bytes())"
LIMIT = 640 << 20


@pytest.fixture
def group() -> Iterator[Path]:
    """A control group of 640 MiB below the root, of either version."""
    root = Path("/sys/fs/cgroup")
    base, name = root, "memory.max"
    if (root / "memory").is_dir():
        base, name = root / "memory", "memory.limit_in_bytes"
    folder = base / f"archive-data-{os.getpid()}"
    try:
        folder.mkdir()
        (folder / name).write_text(str(LIMIT))
    except OSError as error:
        if folder.is_dir():
            folder.rmdir()
        pytest.skip(f"no control group can be made here: {error}")
    yield folder
    folder.rmdir()


def test_the_memory_is_that_of_the_control_group(group: Path) -> None:
    command = f'echo $$ > {group}/cgroup.procs && exec "$0" -c "$1"'
    done = subprocess.run(
        ["sh", "-c", command, sys.executable, ASK],
        env={**os.environ, "MEM_LIMIT": ""},
        stdout=subprocess.PIPE,
        text=True,
        timeout=100,
        check=True,
    )
    memory, cache = map(int, done.stdout.split())
    assert memory == LIMIT
    assert cache == LIMIT // 32


def test_it_is_never_more_than_what_the_server_promised(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MEM_LIMIT", "1000000000")
    assert limits.memory_bytes() <= 1_000_000_000
    assert limits.cache_bytes() == 1_000_000_000 // 32
    assert limits.cores() >= 1
