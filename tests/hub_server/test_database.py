"""A person's own database starts, keeps its data, and says why when it cannot."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from hub_server.database import NoDatabase, own_database

from tests.hub_server.conftest import BASE, ROOT, until

ASK = """
import sys, pymysql
port, password, words = int(sys.argv[1]), sys.argv[2], sys.argv[3:]
where = {"host": "127.0.0.1", "port": port}
connection = pymysql.connect(**where, user="root", password=password)
for one in words:
    cursor = connection.cursor()
    cursor.execute(one)
    print(cursor.fetchall())
connection.commit()
"""


@pytest.fixture
def mariadb():
    if not shutil.which("mariadb-install-db"):
        pytest.skip("no MariaDB; install mariadb-server-core and mariadb-client-core")


def ask(database, *words, password=None):
    """Ask it with the client that DataJoint uses, of the user environment."""
    secret = database.password if password is None else password
    command = [BASE / "bin/python", "-c", ASK, str(database.port), secret, *words]
    done = subprocess.run(command, capture_output=True, text=True)
    return done.stdout + done.stderr[-300:]


def test_data_outlive_the_server_and_the_password_does_not(mariadb, tmp_path):
    first = own_database(tmp_path / "db")
    ask(first, "CREATE DATABASE a", "CREATE TABLE a.t (n INT)", "INSERT a.t VALUES (7)")
    first.stop()
    second = own_database(tmp_path / "db")
    try:
        assert "((7,),)" in ask(second, "SELECT n FROM a.t")
        assert "Access denied" in ask(second, "SELECT 1", password=first.password)
        assert "Access denied" in ask(second, "SELECT 1", password="")
    finally:
        second.stop()


def test_a_second_one_on_the_same_folder_is_refused(mariadb, tmp_path):
    first = own_database(tmp_path / "db")
    try:
        with pytest.raises(NoDatabase, match=f"in use by process {first.server.pid};"):
            own_database(tmp_path / "db")
        assert "((1,),)" in ask(first, "SELECT 1")
    finally:
        first.stop()


START = """
import sys, time
from hub_server.database import own_database
print(own_database(sys.argv[1]).server.pid, flush=True)
time.sleep(60 if "wait" in sys.argv else 0)
"""


@pytest.mark.parametrize("end", ["of itself", "killed"])
def test_it_ends_with_the_kernel_that_started_it(mariadb, tmp_path, end):
    package = ROOT / "images" / "packages" / "hub_server"
    command = [sys.executable, "-c", START, tmp_path / "db"]
    command += ["wait"] if end == "killed" else []
    with subprocess.Popen(command, cwd=package, stdout=subprocess.PIPE) as kernel:
        server = Path(f"/proc/{int(kernel.stdout.readline())}")
        if end == "killed":
            assert server.exists()
            kernel.kill()
        kernel.wait(60)
    until(lambda: not server.exists(), "the end of MariaDB", timeout_s=60)


def test_without_mariadb_it_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setattr("hub_server.database.shutil.which", lambda name, path: None)
    with pytest.raises(NoDatabase, match="install Debian's mariadb-server-core"):
        own_database(tmp_path / "db")


def test_one_whose_making_was_interrupted_is_made_anew(mariadb, tmp_path):
    (tmp_path / "db" / "half-made" / "mysql").mkdir(parents=True)
    database = own_database(tmp_path / "db")
    try:
        assert "((1,),)" in ask(database, "SELECT 1")
    finally:
        database.stop()


def test_what_mariadb_says_is_handed_on(mariadb, tmp_path):
    (tmp_path / "db" / "data").mkdir(parents=True)
    with pytest.raises(NoDatabase, match=r"does not start; it said '.*ERROR"):
        own_database(tmp_path / "db")
