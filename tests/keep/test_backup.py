"""A backup is whole or not there, and comes back as it was."""

from __future__ import annotations

import os
import signal
import sqlite3
import stat
import subprocess
import sys
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from hub_config.keep.backup import backup
from hub_config.keep.made import listed, newest, prune, verify
from hub_config.keep.place import KeepError
from tests.keep.conftest import at


def test_it_is_private_and_any_machine_can_check_it(made, told):
    assert made.name == "2026-11-24T14-00-00Z"
    for one in (made, made.parent, *made.rglob("*")):
        assert stat.S_IMODE(one.lstat().st_mode) == (0o700 if one.is_dir() else 0o600)
    done = subprocess.run(
        ["sha256sum", "--check", "--strict", "SHA256SUMS"], cwd=made, check=False
    )
    assert done.returncode == 0
    manifest = verify(made)
    assert list(manifest["homes"]) == ["gh-1001", "gh-1002", "gh-1003"]
    assert manifest["secrets"] is True
    lines = [f"{n} of 3: gh-100{n}: 1 files" for n in (1, 2, 3)]
    assert told == ["Measuring homes …", *lines]


def test_what_is_only_in_the_write_ahead_log_is_in_the_backup(state, place, tmp_path):
    with closing(sqlite3.connect(state / "hub.sqlite")) as db:
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("INSERT INTO users (name, cookie_id) VALUES ('gh-77', 'a')")
        db.commit()
        # Not committed.
        db.execute("INSERT INTO users (name, cookie_id) VALUES ('gh-78', 'b')")
        assert (state / "hub.sqlite-wal").stat().st_size
        made = backup(place, tmp_path / "backups", print)
    with closing(sqlite3.connect(made / "hub.sqlite")) as db:
        rows = db.execute("SELECT name FROM users WHERE name LIKE 'gh-7_'").fetchall()
    assert rows == [("gh-77",)]
    assert not list(made.glob("*-wal"))


def test_a_home_that_did_not_change_costs_no_room_again(made, state, place, told):
    (state / "homes/gh-1002/work.ipynb").write_text("changed")
    told.clear()
    again = backup(place, made.parent, told.append, clock=at(1))
    assert told[1].endswith("gh-1001: as before")
    assert told[2].endswith("gh-1002: 1 files")
    assert os.path.samefile(made / "homes/gh-1001.tar", again / "homes/gh-1001.tar")
    assert not os.path.samefile(made / "homes/gh-1002.tar", again / "homes/gh-1002.tar")
    verify(again)
    told.clear()
    backup(place, made.parent, told.append, full=True, clock=at(2))
    assert not any("as before" in line for line in told)


@pytest.mark.parametrize(
    "change",
    [
        lambda home: (home / "work.ipynb").chmod(0o444),
        lambda home: (home / "work.ipynb").rename(home / "other.ipynb"),
        lambda home: (home / "deep/er").mkdir(parents=True),
        lambda home: os.utime(home / "work.ipynb", (1, 1)),
    ],
)
def test_no_change_goes_unseen(change, made, state, place, told):
    change(state / "homes/gh-1001")
    told.clear()
    backup(place, made.parent, told.append, clock=at(1))
    assert "as before" not in told[1]


def test_a_file_that_changes_while_it_is_read_is_told_and_read_again(
    made, state, place, told
):
    busy = state / "homes/gh-1001/log"
    script = f"""
import time
with open({str(busy)!r}, "ab", 0) as file:
    file.truncate(64 * 2**20)
    print("ready", flush=True)
    while True:
        file.write(b"x" * 4096)
"""
    with subprocess.Popen([sys.executable, "-c", script], stdout=-1) as writer:
        assert writer.stdout
        writer.stdout.readline()
        told.clear()
        again = backup(place, made.parent, told.append, clock=at(1))
        writer.kill()
    assert "file changed as we read it" in told[1]
    assert verify(again)["homes"]["gh-1001"]["fingerprint"] == ""
    told.clear()
    backup(place, made.parent, told.append, clock=at(2))
    assert "as before" not in told[1]


def test_an_interrupted_backup_is_none_and_the_next_one_clears_it_up(
    made, state, place, told
):
    with (state / "homes/gh-1003/large").open("wb") as file:
        for _ in range(100):
            file.write(b"x" * 2**20)
    command = [Path(sys.executable).with_name("archive-hub"), "backup", made.parent]
    process = subprocess.Popen(
        [*command, "--state", state], stderr=subprocess.PIPE, text=True
    )
    draft = made.parent / ".unfinished/homes/gh-1003.tar"
    deadline = time.monotonic() + 30
    while not (draft.exists() and draft.stat().st_size):
        assert time.monotonic() < deadline, "it never came to the last home"
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert draft.exists()
    assert listed(made.parent) == [made]
    again = backup(place, made.parent, told.append, clock=at(1))
    assert listed(made.parent) == [made, again]
    assert not draft.exists()
    verify(again)


def test_two_at_once_are_refused(made, place):
    import fcntl

    with (made.parent / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(KeepError, match=r"another one runs in .*; wait for it"):
            backup(place, made.parent, print)


def test_a_full_disk_leaves_nothing_half(place, state, tmp_path):
    if os.geteuid():
        pytest.skip("a small file system needs root")
    small = tmp_path / "small"
    small.mkdir()
    options = ["-t", "tmpfs", "-o", "size=1m", "tmpfs"]
    subprocess.run(["mount", *options, small], check=True)
    try:
        (state / "homes/gh-1002/large").write_bytes(os.urandom(2**21))
        with pytest.raises(KeepError, match=r"needs 2 MiB .* are free; make room"):
            backup(place, small, print)
        (state / "homes/gh-1002/large").unlink()
        (state / "homes/gh-1003/large").write_bytes(os.urandom(2**20 - 2**17))
        with pytest.raises(KeepError, match="No space left on device"):
            backup(place, small, print)
        assert [one.name for one in small.iterdir()] == [".lock"]
    finally:
        subprocess.run(["umount", small], check=True)


def test_old_backups_go_and_the_new_ones_stay_whole(made, place):
    later = [backup(place, made.parent, print, clock=at(n)) for n in (1, 2)]
    assert prune(made.parent, 0) == []
    assert prune(made.parent, 2) == [made]
    assert listed(made.parent) == later
    assert newest(made.parent) == later[-1]
    for one in later:
        verify(one)


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        (["backup", "{b}", "--state", "{b}/no"], "no such folder"),
        (["backup", "/proc/no", "--state", "{s}"], "make room, or name another folder"),
        (["restore", "{b}/no", "--state", "{b}/new"], "no backup in"),
        (["restore", "{s}", "--state", "{b}/new"], "no backup in"),
        (["restore", "{b}", "--state", "{s}", "--person", "ada"], "go together"),
        (["export", "--state", "{s}"], "name a person, or say --all"),
        (["export", "zoe", "--state", "{s}"], "nobody logged in here as 'zoe'"),
        (["export", "42", "--state", "{s}"], "has no home in"),
        (["local", "rollback", "--state", "{s}"], "no copy beside"),
        (["local", "upgrade", "--state", "{s}", "--python", "/no"], "No such file"),
        (["retention", "--undo", "ada", "--state", "{s}"], "was not put away"),
        (["unbind", "ada", "--archive", "x", "--state", "{s}"], "no archive 'x'"),
    ],
)
def test_wrong_words_get_one_line(words, fault, made, state, archive_hub):
    words = [word.format(b=made.parent, s=state) for word in words]
    done = archive_hub(*words)
    assert done.returncode == 1
    assert fault in done.stderr
    assert "Traceback" not in done.stderr


def test_time_is_told_in_the_name(place, tmp_path):
    made = backup(place, tmp_path / "b", print)
    stamp = datetime.strptime(made.name, "%Y-%m-%dT%H-%M-%SZ").replace(tzinfo=UTC)
    assert abs(datetime.now(UTC) - stamp) < timedelta(minutes=5)
