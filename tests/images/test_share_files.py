"""The second kernel shares large files with the first, and only equal ones."""

import importlib.util
from pathlib import Path

SCRIPT = Path(__file__).parents[2] / "images/base/share_files.py"


def share(first, second):
    spec = importlib.util.spec_from_file_location("share_files", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.share(first, second)


def two(tmp_path, mine, other):
    for name, content in (("first", mine), ("second", other)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "lib.so").write_bytes(content)
    return tmp_path / "first", tmp_path / "second"


def test_an_equal_large_file_becomes_a_link(tmp_path):
    first, second = two(tmp_path, b"x" * 50_000, b"x" * 50_000)
    assert share(first, second) == 50_000
    assert (second / "lib.so").resolve() == first / "lib.so"
    assert (second / "lib.so").read_bytes() == b"x" * 50_000


def test_a_file_that_differs_stays(tmp_path):
    first, second = two(tmp_path, b"x" * 50_000, b"x" * 49_999 + b"y")
    assert share(first, second) == 0
    assert not (second / "lib.so").is_symlink()


def test_small_files_and_links_stay_as_they_are(tmp_path):
    first, second = two(tmp_path, b"x", b"x")
    (second / "alias").symlink_to("lib.so")
    assert share(first, second) == 0
    assert (second / "alias").readlink() == Path("lib.so")
