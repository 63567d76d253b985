"""What the hub keeps of people, kept by its operator's commands and brought back."""

from __future__ import annotations

import json
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from hub_config.keep.made import verify
from hub_config.visit.browser import Visitor

from ..local.conftest import Server
from .kube import pods, wait_for
from .release import NAMESPACE

pytestmark = pytest.mark.timeout(600)
SCRIPT = str(Path(sys.executable).with_name("archive-hub"))
WHO = ("--namespace", NAMESPACE)
# A name that is no text, and a file that is longer than what it holds.
WRITE = r"""
import os
home = os.path.expanduser("~")
open(f"{home}/result.txt", "w").write("of the first day")
open(os.fsencode(home) + b"/caf\xe9", "w").write("x")
with open(f"{home}/sparse.h5", "wb") as file:
    file.truncate(2**30)
"""


def operate(*words: str, status: int = 0) -> subprocess.CompletedProcess[str]:
    command = [SCRIPT, *words, *WHO]
    done = subprocess.run(command, capture_output=True, text=True, timeout=400)
    assert done.returncode == status, done.stdout + done.stderr
    return done


@pytest.fixture(scope="module")
def ada(address):
    with Visitor(address) as visitor:
        visitor.log_in("ada")
        visitor.start_server(visitor.name, "tiny")
        yield visitor


@pytest.fixture(scope="module")
def server(ada):
    """Ada's server, in whose home are three files worth keeping."""
    server = Server(ada, ada.name)
    assert server.run(WRITE).error == ""
    return server


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("backups")


@pytest.fixture(scope="module")
def made(server, folder):
    """A backup, made while Ada works."""
    return Path(operate("backup", str(folder)).stdout.strip())


def test_a_backup_holds_everybody_and_no_secret(made, ada):
    manifest = verify(made)
    assert ada.name in manifest["homes"]
    assert manifest["secrets"] is False
    packed = made / f"homes/{ada.name}.tar"
    assert packed.stat().st_size < 2**24
    with tarfile.open(packed) as archive:
        names = archive.getnames()
    assert f"{ada.name}/sparse.h5" in names
    assert any(name.endswith("caf\udce9") for name in names), names


def test_homes_are_listed_with_their_size_and_use(made, ada):
    listed = json.loads(operate("homes", "--json").stdout)
    [mine] = [one for one in listed if one["name"] == ada.name]
    assert mine["login"] == "ada"
    assert mine["running"] is True
    # The gigabyte that is not there is not counted.
    assert mine["size_bytes"] < 2**24


def test_a_file_comes_back_beside_what_its_owner_has_now(made, server):
    newer = "open(f'{home}/result.txt', 'w').write('of the second day')"
    assert server.run(f"import os; home = os.path.expanduser('~'); {newer}").error == ""
    words = ("restore", str(made), "--person", "ada", "--path", "result.txt")
    operate(*words)
    look = "import glob; print(*(open(one).read() for one in sorted(glob.glob("
    text = server.run(look + "home + '/restored-*/result.txt'))))").text
    assert text.strip() == "of the first day"
    assert server.run("print(open(f'{home}/result.txt').read())").text.strip() == (
        "of the second day"
    )


def test_a_person_takes_their_home_along(made, tmp_path):
    operate("export", "ada", "--to", str(tmp_path))
    [summed] = tmp_path.glob("*.sha256")
    subprocess.run(["sha256sum", "--check", summed], cwd=tmp_path, check=True)


def test_nobody_is_due_to_be_put_away(made):
    assert operate("retention").stdout == "Nothing to do.\n"


def test_a_hub_that_is_not_empty_is_not_overwritten(made, server):
    done = operate("restore", str(made), status=1)
    assert "not empty" in done.stderr
    assert server.run("print(open(f'{home}/result.txt').read())").text.strip() == (
        "of the second day"
    )


def test_the_whole_hub_comes_back_as_it_was(made, server, ada, address, figures):
    server.stop()
    of_users = "component=singleuser-server"
    wait_for(lambda: not pods(NAMESPACE, of_users), 60, "the server's pod to go")
    with Visitor(address) as late:
        late.log_in("mei")
        done = operate("restore", str(made), "--replace")
        assert "Restored from" in done.stdout
        assert not pods(NAMESPACE, "app=hub-keeper")
        wait_for(lambda: late.get("/hub/health").is_success, 60, "the hub to answer")
        # The hub of the backup has not heard of who came after it.
        assert late.get("/hub/api/user").status_code == 403
    # The backup says that Ada's server runs; the hub finds out that it does not.
    wait_for(lambda: not ada.server_of(ada.name), 60, "the hub to see what runs")
    ada.start_server(ada.name, "tiny")
    again = Server(ada, ada.name)
    look = "import os; home = os.path.expanduser('~'); print(open(home + "
    assert again.run(look + "'/result.txt').read())").text.strip() == "of the first day"
    assert again.run("print(os.path.getsize(home + '/sparse.h5'))").text.strip() == (
        str(2**30)
    )
    again.stop()
    second = Path(operate("backup", str(made.parent)).stdout.strip())
    assert verify(second)["homes"].keys() >= verify(made)["homes"].keys()
