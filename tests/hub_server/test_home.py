"""A full home never locks a person out: the M1 table on a real small file system."""

import os
import subprocess

import pytest
from hub_server.home import Room, words
from hub_server.usage import measure

JUPYTER = ("bin/python", "-m", "jupyterlab")


@pytest.fixture
def full_home(tmp_path, request):
    """A home with no byte left: of 2 MiB without an inode, or as the test asks."""
    if os.geteuid() != 0:
        pytest.skip("a full file system needs root to mount a tmpfs")
    home = tmp_path / "full"
    home.mkdir()
    size, inodes = getattr(request, "param", ("2m", 20))
    options = f"size={size},nr_inodes={inodes}"
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", options, "tmpfs", home], capture_output=True
    )
    if mounted.returncode:
        pytest.skip(f"no tmpfs can be mounted here: {mounted.stderr.decode().strip()}")
    yield fill(home, with_inodes=inodes < 1000)
    subprocess.run(["umount", "--lazy", home], check=True)


def fill(home, with_inodes):
    (home / "data").mkdir()
    try:
        with open(home / "data" / "big.bin", "wb") as file:
            while True:
                file.write(bytes(4096))
                file.flush()
    except OSError:
        pass
    if not with_inodes:
        return home
    try:
        for number in range(30):
            (home / f"empty-{number}").touch()
    except OSError:
        return home
    raise AssertionError("the file system took more inodes than it has")


def test_with_a_full_home_the_server_starts_runs_a_cell_and_can_delete(
    full_home, start_server, wait_until
):
    server = start_server(home=full_home)
    assert server.kernel().run("print(6 * 7)") == "42\n"

    def told():
        return server.notices().get("home", {}).get("text", "")

    wait_until(lambda: "data/big.bin (2" in told(), "the largest item in the notice")
    assert server.notices()["home"]["level"] == "error"
    answer = server.http.delete("/api/contents/data/big.bin")
    assert answer.status_code == 204, answer.text
    assert not (full_home / "data" / "big.bin").exists()
    wait_until(lambda: "home" not in server.notices(), "the notice to go")


class NotStartedError(AssertionError):
    """The server ends before it answers."""


class NotRunError(AssertionError):
    """The kernel prints something else."""


class NotFreedError(AssertionError):
    """The file browser cannot delete for want of room."""


def stock(error, *moved, name):
    """Return what stock Jupyter does with some of its folders off the home."""
    fails = pytest.mark.xfail(reason=f"stock: {name}", raises=error, strict=True)
    return pytest.param(JUPYTER, moved, id=f"stock-{name}", marks=fails)


RUNTIME, DATA = "JUPYTER_RUNTIME_DIR", "JUPYTER_DATA_DIR"
CONFIG, IPYTHON = "JUPYTER_CONFIG_DIR", "IPYTHONDIR"
MOVED = {RUNTIME: "runtime", DATA: "data", CONFIG: "config", IPYTHON: "ipython"}
OURS = ("bin/hub-server",)
UNTRASHED = (*JUPYTER, "--FileContentsManager.delete_to_trash=False")
# Which program, what is moved off the home, and the step at which stock Jupyter fails.
M1 = [
    pytest.param(OURS, (), id="ours"),
    pytest.param(UNTRASHED, (RUNTIME,), id="runtime-and-no-trash"),
    stock(NotStartedError, name="nothing"),
    stock(NotStartedError, CONFIG, name="config"),
    stock(NotFreedError, RUNTIME, name="runtime"),
    stock(NotFreedError, RUNTIME, DATA, name="runtime-data"),
    stock(NotFreedError, RUNTIME, CONFIG, name="runtime-config"),
    stock(NotFreedError, RUNTIME, DATA, CONFIG, name="all-three"),
    stock(NotFreedError, RUNTIME, DATA, CONFIG, IPYTHON, name="all-three-ipython"),
]


@pytest.mark.parametrize("full_home", [("256k", 5000)], indirect=True)
@pytest.mark.parametrize(("program", "moved"), M1)
def test_a_home_without_a_free_byte_locks_nobody_out(
    full_home, start_server, tmp_path, program, moved
):
    environ = {name: str(tmp_path / "scratch" / MOVED[name]) for name in moved}
    if program != OURS:
        environ["JUPYTER_NO_CONFIG"] = "1"
    assert os.statvfs(full_home).f_bavail == 0
    try:
        server = start_server(full_home, None, program, **environ)
    except AssertionError as error:
        if "No space left on device" not in str(error):
            raise
        raise NotStartedError from error
    printed = server.kernel().run("print(6 * 7)")
    if printed != "42\n":
        raise NotRunError(printed)
    answer = server.http.delete("/api/contents/data/big.bin")
    if answer.status_code == 400 and "No space left" in answer.text:
        raise NotFreedError(answer.text)
    assert answer.status_code == 204, answer.text
    assert not (full_home / "data" / "big.bin").exists()


def test_a_roomy_home_is_not_mentioned(server, wait_until):
    if Room(*statvfs_bytes()).used_share >= 0.9:
        pytest.skip("this machine's disk is itself nearly full")
    wait_until(lambda: server.idle_s() > 1.5, "a few ticks")
    assert "home" not in server.notices()


def statvfs_bytes():
    status = os.statvfs("/tmp")
    return status.f_blocks * status.f_frsize, status.f_bavail * status.f_frsize


def test_names_that_are_no_text_are_measured_and_shown(tmp_path):
    (tmp_path / "plain").write_bytes(bytes(9000))
    with open(os.fsencode(tmp_path) + b"/caf\xe9", "wb") as file:
        file.write(bytes(99_000))
    assert [name for name, _ in measure(os.fsencode(tmp_path)).largest()] == [
        "caf?",
        "plain",
    ]


def test_a_sparse_file_counts_what_it_occupies(tmp_path):
    with open(tmp_path / "sparse", "wb") as file:
        file.truncate(10**9)
    assert measure(os.fsencode(tmp_path)).items[b"sparse"] < 10**6


def test_a_file_with_two_names_counts_once_and_a_link_is_not_followed(tmp_path):
    (tmp_path / "a").write_bytes(bytes(100_000))
    os.link(tmp_path / "a", tmp_path / "b")
    (tmp_path / "away").symlink_to("/usr")
    assert sum(measure(os.fsencode(tmp_path)).items.values()) < 150_000


def test_deep_files_count_to_the_folder_two_levels_down(tmp_path):
    deep = tmp_path / "one" / "two" / "three" / "four"
    deep.mkdir(parents=True)
    (deep / "file").write_bytes(bytes(200_000))
    name, size = measure(os.fsencode(tmp_path)).largest()[0]
    assert name == "one/two"
    assert size >= 200_000


def test_the_sentence_tells_size_and_names():
    text = words(Room(10 * 2**30, 2**29), [("cache/x", 3 * 2**30)])
    assert text.startswith("Your home is 95% full: 512 MiB of 10.0 GiB are left.")
    assert "cache/x (3.0 GiB)" in text
