"""A home goes into one file and comes back the same; nothing else comes out of one."""

from __future__ import annotations

import io
import os
import subprocess
import tarfile

import pytest

from hub_config.packing import BrokenArchive, members, pack_command, unpack


def packed(homes, name="gh-5", status=0):
    done = subprocess.run(
        pack_command(str(homes), name), capture_output=True, check=False
    )
    assert done.returncode == status, done.stderr
    return done.stdout


def tree(top):
    """Return what is below a folder: kinds, modes, contents, targets, in bytes."""
    found = {}
    for folder, folders, files in os.walk(os.fsencode(top)):
        for name in folders + files:
            path = os.path.join(folder, name)
            about = os.lstat(path)
            content = b""
            if os.path.islink(path):
                content = os.readlink(path)
            elif os.path.isfile(path):
                with open(path, "rb") as file:
                    content = file.read()
            key = os.path.relpath(path, os.fsencode(top))
            found[key] = (about.st_mode, int(about.st_mtime), content)
    return found


@pytest.fixture
def home(tmp_path):
    home = tmp_path / "homes" / "gh-5"
    home.mkdir(parents=True)
    return home


@pytest.fixture
def into(tmp_path):
    (tmp_path / "back").mkdir()
    return tmp_path / "back"


def test_an_odd_home_comes_back_the_same(home, into):
    (home / "notebooks").mkdir()
    (home / "notebooks" / "a.ipynb").write_text("{}")
    (home / "run.sh").write_text("#!/bin/sh\n")
    (home / "run.sh").chmod(0o755)
    (home / "empty").mkdir(mode=0o750)
    (home / "python").symlink_to("/opt/base/bin/python")
    (home / "up").symlink_to("../../..")
    (home / "nowhere").symlink_to("not-there")
    os.link(home / "run.sh", home / "same.sh")
    for name in (b"caf\xe9.txt", b"line\nbreak", b"-rf", b" ", b"x" * 255):
        with open(os.path.join(os.fsencode(home), name), "wb") as file:
            file.write(name)
    (home / "closed").mkdir()
    (home / "closed" / "inside").write_text("kept")
    (home / "closed").chmod(0o500)
    before = tree(home)
    done = unpack(io.BytesIO(packed(home.parent)), into, "gh-5")
    assert done.left_out == []
    assert tree(into / "gh-5") == before
    assert (into / "gh-5/run.sh").stat().st_nlink == 2


def test_a_file_with_holes_stays_one(home, into):
    with (home / "sparse").open("wb") as file:
        for number in range(40):
            file.seek(number * 2**30)
            file.write(b"data")
        file.truncate(2**40)
    archive = packed(home.parent)
    assert len(archive) < 2**20
    unpack(io.BytesIO(archive), into, "gh-5")
    back = into / "gh-5" / "sparse"
    assert back.stat().st_size == 2**40
    assert back.stat().st_blocks * 512 < 2**20
    with back.open("rb") as file:
        file.seek(39 * 2**30)
        assert file.read(5) == b"data\0"


def test_a_socket_a_pipe_and_a_device_are_left_out_and_all_else_comes(home, into):
    os.mkfifo(home / "pipe")
    (home / "file").write_text("kept")
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as tar:
        tar.add(home, "gh-5")
        device = tarfile.TarInfo("gh-5/disk")
        device.type = tarfile.BLKTYPE
        tar.addfile(device)
    made.seek(0)
    done = unpack(made, into, "gh-5")
    assert [one.split(":")[0] for one in done.left_out] == [
        "'gh-5/pipe'",
        "'gh-5/disk'",
    ]
    assert [one.name for one in (into / "gh-5").iterdir()] == ["file"]


def entry(name, kind=tarfile.REGTYPE, target="", content=b""):
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.size = kind, target, len(content)
    return info, io.BytesIO(content)


EVIL = {
    "up": [entry("gh-5/../../out", content=b"x")],
    "absolute": [entry("/tmp/keep-evil/out", content=b"x")],
    "somebody else's": [entry("gh-6/out", content=b"x")],
    "beside the home": [entry("out", content=b"x")],
    "through a symlink": [
        entry("gh-5/door", tarfile.SYMTYPE, "../.."),
        entry("gh-5/door/out", content=b"x"),
    ],
    "over a symlink": [
        entry("gh-5/door", tarfile.SYMTYPE, "../../out"),
        entry("gh-5/door", content=b"x"),
    ],
    "through two symlinks": [
        entry("gh-5/a", tarfile.SYMTYPE, ".."),
        entry("gh-5/b", tarfile.SYMTYPE, "a/.."),
        entry("gh-5/b/out", content=b"x"),
    ],
    "a hard link to what is outside": [
        entry("gh-5/stolen", tarfile.LNKTYPE, "../precious"),
        entry("gh-5/stolen", tarfile.LNKTYPE, "gh-5/../../precious"),
    ],
    "the home itself is a symlink": [
        entry("gh-5", tarfile.SYMTYPE, "../.."),
        entry("gh-5/out", content=b"x"),
    ],
}


@pytest.mark.parametrize("entries", EVIL.values(), ids=EVIL.keys())
def test_nothing_is_written_outside_the_home(entries, into, tmp_path):
    (tmp_path / "precious").write_text("secret")
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as tar:
        for info, content in entries:
            content.seek(0)
            tar.addfile(info, content)
    made.seek(0)
    done = unpack(made, into, "gh-5")
    assert done.left_out
    outside = {one.name for one in tmp_path.iterdir()} | {
        one.name for one in into.iterdir()
    }
    assert outside <= {"precious", "back", "gh-5"}
    assert not (into / "gh-5").is_symlink()
    assert not (into / "gh-5" / "stolen").exists()
    assert (tmp_path / "precious").stat().st_nlink == 1


def test_special_bits_do_not_come_back(home, into):
    (home / "tool").write_text("x")
    (home / "tool").chmod(0o6755)
    unpack(io.BytesIO(packed(home.parent)), into, "gh-5")
    assert (into / "gh-5/tool").stat().st_mode & 0o7777 == 0o755


def test_only_one_folder_comes_when_only_one_is_wanted(home, into):
    for name in ("wanted", "wanted-not"):
        (home / name).mkdir()
        (home / name / "file").write_text(name)
    done = unpack(io.BytesIO(packed(home.parent)), into, "gh-5", "wanted")
    assert done.files == 1
    assert [one.name for one in (into / "gh-5").iterdir()] == ["wanted"]


@pytest.mark.parametrize("cut", [1, 600, 1024, 5000, 9_000])
def test_an_archive_that_was_cut_short_is_seen(home, tmp_path, cut):
    (home / "file").write_bytes(os.urandom(30_000))
    whole = packed(home.parent)
    file = tmp_path / "gh-5.tar"
    file.write_bytes(whole)
    assert [one.name for one in members(file)] == ["gh-5", "gh-5/file"]
    file.write_bytes(whole[:-cut])
    with pytest.raises(BrokenArchive, match=r"gh-5\.tar: "):
        list(members(file))


def test_a_file_that_cannot_be_read_does_not_stop_the_rest(home, into):
    if os.geteuid() == 0:
        pytest.skip("root reads everything")
    (home / "closed").write_text("x")
    (home / "closed").chmod(0)
    (home / "open").write_text("x")
    unpack(io.BytesIO(packed(home.parent)), into, "gh-5")
    assert (into / "gh-5/open").exists()
