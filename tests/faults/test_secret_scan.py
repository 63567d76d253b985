"""The scanner finds what is planted, in each writing and place."""

from __future__ import annotations

import base64
import re
import sqlite3
from contextlib import closing
from urllib.parse import quote

import pytest

from .secret_scan import files_below, scan

SECRET = "s3cr3t/with+signs=and-length"


@pytest.mark.parametrize(
    "text",
    [
        SECRET,
        quote(SECRET, safe=""),
        base64.b64encode(f"user:{SECRET}".encode()).decode(),
        base64.b64encode(f"a{SECRET}b".encode()).decode(),
        base64.b64encode(f"ab{SECRET}c".encode()).decode(),
    ],
)
def test_each_writing_is_found(text):
    assert scan({"it": SECRET}, [("log", f"x {text} y".encode())]) == ["it in log"]


def test_what_is_not_there_is_not_found():
    assert scan({"it": SECRET}, [("log", SECRET[:-1].encode())]) == []


def test_a_row_that_only_the_journal_holds_is_found(tmp_path):
    path = tmp_path / "hub.sqlite"
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("CREATE TABLE t (x)")
        db.execute("INSERT INTO t VALUES (?)", [SECRET])
        db.commit()
        found = scan({"it": SECRET}, files_below(tmp_path))
    assert "it in hub.sqlite (rows)" in found


def test_a_pattern_finds_what_nobody_planted(tmp_path):
    (tmp_path / "log").write_text("token gho_1001~0~x")
    (tmp_path / "aside").mkdir()
    (tmp_path / "aside" / "log").write_text("gho_1001~0~x")
    pattern = re.compile(rb"gho_\d+~")
    found = scan({"github": pattern}, files_below(tmp_path, leave_out=["aside"]))
    assert found == ["github in log"]
