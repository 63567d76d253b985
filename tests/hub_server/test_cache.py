"""The caches on scratch stay below their cap."""

import os
import time

from hub_server.cache import trim


def put(folder, name, size_bytes, age_s):
    file = folder / name
    file.write_bytes(bytes(size_bytes))
    then_s = time.time() - age_s
    os.utime(file, (then_s, then_s))
    return file


def test_what_was_used_longest_ago_goes_first(tmp_path):
    old = put(tmp_path, "old", 200_000, 9000)
    newer = put(tmp_path, "newer", 200_000, 8000)
    assert trim(os.fsencode(tmp_path), 250_000) >= 200_000
    assert not old.exists()
    assert newer.exists()


def test_a_cache_below_its_cap_is_left_alone(tmp_path):
    put(tmp_path, "old", 200_000, 9000)
    assert trim(os.fsencode(tmp_path), 10**9) == 0


def test_what_is_in_the_making_stays(tmp_path):
    fresh = put(tmp_path, "fresh", 200_000, 1)
    assert trim(os.fsencode(tmp_path), 0) == 0
    assert fresh.exists()


def test_the_server_trims_when_it_starts(told_server, wait_until):
    old = told_server.scratch / "cache" / "old"
    wait_until(lambda: not old.exists(), "the old file to go")
