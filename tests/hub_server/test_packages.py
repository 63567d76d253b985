"""A person's packages last, reach kernels only, and can be undone."""

import json
import os
import subprocess
import zipfile

import pytest


def wheel(folder, name, version):
    """Make a wheel with one module that tells its version; return its path."""
    path = folder / f"{name}-{version}-py3-none-any.whl"
    info = f"{name}-{version}.dist-info"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"{name}.py", f"version = {version!r}\n")
        metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
        archive.writestr(f"{info}/METADATA", metadata)
        tags = "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\n"
        archive.writestr(f"{info}/WHEEL", tags + "Tag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", f"{name}.py,,\n{info}/METADATA,,\n")
    return path


@pytest.fixture
def archive_env(base_env):
    """Return a function that runs the command for a server's home."""

    def run(server, *arguments):
        return subprocess.run(
            [base_env / "bin/archive-env", *arguments],
            env=server.environ,
            capture_output=True,
            text=True,
        )

    return run


def install(kernel, path):
    return kernel.run(f"%pip install --no-index --no-deps {path}")


def test_an_installed_package_lasts_and_the_command_undoes_it(
    start_server, tmp_path, archive_env
):
    server = start_server()
    install(server.kernel(), wheel(tmp_path, "tinything", "1.2"))
    server.stop()
    again = start_server()
    assert again.kernel().run("import tinything; print(tinything.version)") == "1.2\n"
    assert "tinything==1.2" in archive_env(again).stdout
    undone = archive_env(again, "reset")
    assert "removed tinything==1.2" in undone.stdout, undone.stderr
    assert "ModuleNotFoundError" in again.kernel().run("import tinything")


def test_a_package_that_breaks_the_server_reaches_kernels_only(start_server, tmp_path):
    server = start_server()
    kernel = server.kernel()
    install(kernel, wheel(tmp_path, "jupyterlab", "0.1"))
    install(kernel, wheel(tmp_path, "tornado", "0.1"))
    server.stop()
    (server.home / "random.py").write_text("raise SystemExit('a file of the person')")
    assert start_server().http.get("/lab").is_success


def test_a_conflict_with_the_image_is_one_sentence(
    server, tmp_path, wait_until, archive_env
):
    install(server.kernel(), wheel(tmp_path, "hdmf", "1.0"))
    wait_until(lambda: "packages" in server.notices(), "the conflict's notice", 30)
    text = server.notices()["packages"]["text"]
    assert text.startswith("You installed hdmf 1.0 instead of the image's 6.")
    assert "archive-env reset" in text
    assert archive_env(server).returncode == 1
    archive_env(server, "reset")
    wait_until(lambda: "packages" not in server.notices(), "the notice to go", 30)


def test_the_image_itself_is_left_alone(server, tmp_path, base_env, archive_env):
    kernel = server.kernel()
    install(kernel, wheel(tmp_path, "hdmf", "1.0"))
    place = kernel.run("import hdmf; print(hdmf.__file__)")
    assert ".archive-env" in place
    told = kernel.run("%pip uninstall --yes pynwb")
    assert "outside environment" in told, told
    archive_env(server, "reset")
    found = subprocess.run([base_env / "bin/python", "-c", "import pynwb, hdmf.common"])
    assert found.returncode == 0


@pytest.mark.parametrize("how", ["%pip install", "!pip install", "!pip3 install"])
def test_however_a_notebook_installs_the_image_stays_whole(
    server, tmp_path, base_env, how
):
    kernel = server.kernel()
    kernel.run(f"{how} --no-index --no-deps {wheel(tmp_path, 'othering', '3.0')}")
    place = kernel.run("import othering; print(othering.__file__)")
    assert place.startswith(str(server.home / ".archive-env")), place
    look = [base_env / "bin/python", "-c", "import othering"]
    assert subprocess.run(look, capture_output=True).returncode == 1


@pytest.mark.parametrize(
    "line", ["!conda install -y scipy", "!mamba install scipy", "%conda install scipy"]
)
def test_a_notebook_that_wants_conda_gets_a_hint(server, line):
    said = server.kernel().run(line)
    assert "%pip install" in said, said


def test_a_kernel_of_ones_own_survives_a_restart(start_server, base_env):
    server = start_server()
    folder = server.home / ".local/share/jupyter/kernels/mine"
    folder.mkdir(parents=True)
    python = str(base_env / "bin/python")
    argv = [python, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    spec = {"argv": argv, "display_name": "Mine", "language": "python"}
    spec["env"] = {"MINE": "yes"}
    (folder / "kernel.json").write_text(json.dumps(spec))
    server.stop()
    ran = start_server().kernel("mine").run("import os; print(os.environ['MINE'])")
    assert ran == "yes\n"


def test_histories_and_caches_lie_on_scratch(server, wait_until):
    kernel = server.kernel()
    shown = kernel.run("import os; print(os.environ['XDG_CACHE_HOME'])")
    assert shown.strip() == str(server.scratch / "cache")
    history = server.scratch / "databases" / "ipython_history.sqlite"
    wait_until(history.exists, "the history on scratch")
    databases = [
        name
        for _, _, names in os.walk(server.home)
        for name in names
        if name.endswith((".db", ".sqlite"))
    ]
    assert databases == []
