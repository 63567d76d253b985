"""One person's home is closed to another's server, by whatever way it is reached.

On one machine all servers have the hub's own account, so nothing keeps them apart, and
the banner says so; what holds is that no other account gets in. In the cloud each
server sees the folder of its own number alone (`tests/helm/test_pods.py`).
"""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import tempfile
from pathlib import Path
from types import SimpleNamespace

import pytest
from jupyterhub.auth import Authenticator
from traitlets.config import Config

from hub_config import kubernetes
from hub_config.local.spawner import LocalKubeSpawner
from hub_config.local.state import State

STRANGER = 54_321
NAMES = 100_000


def as_stranger(function):
    """Return what a function returns in a process of another account."""
    reading, writing = os.pipe()
    if child := os.fork():
        os.close(writing)
        with os.fdopen(reading) as told:
            answer = told.read()
        os.waitpid(child, 0)
        return json.loads(answer)
    try:
        os.setgroups([])
        os.setgid(STRANGER)
        os.setuid(STRANGER)
        os.write(writing, json.dumps(function()).encode())
    finally:
        os._exit(0)


@pytest.fixture
def open_folder():
    """Give a folder that everybody may enter: only what is in it can be closed."""
    if os.geteuid() != 0:
        pytest.skip("only root can act as another account")
    folder = Path(tempfile.mkdtemp(dir="/tmp"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def victim(open_folder):
    """Run something in a home, made as for a server; give its file and its process."""
    state = State(open_folder / "state")
    state.make()
    template = str(state.path / "homes" / "{username}")
    spawner = spawner_of("gh-1001", home_dir_template=template)
    process = subprocess.Popen(
        ["sleep", "60"], preexec_fn=spawner.make_preexec_fn("gh-1001")
    )
    notes = state.path / "homes" / "gh-1001" / "notes.txt"
    notes.write_text("secret")
    yield SimpleNamespace(state=state.path, notes=notes, pid=process.pid)
    process.kill()
    process.wait()


def spawner_of(name, **local):
    user = SimpleNamespace(name=name, id=1, url="/", settings={})
    hub = SimpleNamespace(url="/", base_url="/", api_url="/", public_host="/")
    return LocalKubeSpawner(
        config=Config(SimpleLocalProcessSpawner=local), user=user, hub=hub
    )


def ways_to(victim, mine):
    """Return paths to the file: straight, by symlinks, by `..`, by its process."""
    notes = victim.notes
    (mine / "file").symlink_to(notes)
    (mine / "folder").symlink_to(notes.parent)
    (mine / "up").symlink_to(f"../state/homes/../homes/{notes.parent.name}")
    return [
        str(notes),
        f"{notes.parent.parent}/gh-1002/../gh-1001/notes.txt",
        *(str(mine / way) for way in ("file", "folder/notes.txt", "up/notes.txt")),
        f"/proc/{victim.pid}/root{notes}",
        f"/proc/{victim.pid}/cwd/notes.txt",
    ]


def done_by_stranger(ways, mine):
    """Return everything that worked: reading, writing, listing, linking."""
    attempts = {
        "read": lambda way: open(way).read(),  # noqa: SIM115
        "write": lambda way: open(way, "a").close(),
        "list": lambda way: os.listdir(os.path.dirname(way)),
        "remove": lambda way: os.rename(way, f"{way}.gone"),
        "link": lambda way: os.link(os.path.realpath(way), mine / "linked"),
    }

    def all_of_them():
        worked = []
        for way in ways:
            for what, attempt in attempts.items():
                try:
                    attempt(way)
                    worked.append(f"{what} {way}")
                except OSError:
                    pass
        return worked

    return as_stranger(all_of_them)


def test_another_account_reaches_no_home_by_any_way(victim, open_folder):
    mine = open_folder / "mine"
    mine.mkdir()
    ways = ways_to(victim, mine)
    os.chown(mine, STRANGER, STRANGER)
    own = {f"list {mine}/file", f"remove {mine}/file"}
    assert set(done_by_stranger(ways, mine)) == own, "its own folder and symlink"
    assert victim.notes.read_text() == "secret"


def test_the_attempts_get_in_where_the_state_is_open(victim, open_folder):
    for folder in (victim.state, victim.state / "homes"):
        folder.chmod(0o755)
    mine = open_folder / "mine"
    mine.mkdir()
    worked = done_by_stranger(ways_to(victim, mine), mine)
    assert f"read {victim.notes}" in worked
    assert f"read {mine}/up/notes.txt" in worked
    assert not [what for what in worked if "/proc/" in what]


def some_names(count):
    """Yield names of all kinds, most of them twisted ones of ours."""
    chance = random.Random(5)
    twists = ["/", "..", "/../gh-1", "\n", "%2f..", " ", "\0", "\u0661", ".", "~", "-x"]
    for _ in range(count // 2):
        name = f"gh-{chance.randrange(1, 10 ** chance.randrange(1, 20))}"
        yield name
        place = chance.randrange(len(name) + 1)
        yield name[:place] + chance.choice(twists) + name[place:]


def test_every_name_that_is_taken_has_a_home_of_its_own():
    c = Config()
    kubernetes.hub(c)
    authenticator = Authenticator(config=c)
    spawner = spawner_of("gh-1")
    homes, taken = set(), set()
    for name in some_names(NAMES):
        if not authenticator.validate_username(name):
            continue
        spawner.user.name = name
        home = spawner._expand_user_properties("{username}")
        assert home == name, "the operator's commands look there"
        assert os.path.normpath(f"/homes/{home}") == f"/homes/{name}"
        taken.add(name)
        homes.add(home)
    assert len(homes) == len(taken) > NAMES / 4
    assert all(name[3:].isascii() and name[3:].isdigit() for name in taken)
