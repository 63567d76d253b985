"""Where files go, and what stands in the way of a server."""

import os
import subprocess

import pytest
from hub_server import environment


def test_a_scratch_that_cannot_be_made_is_one_line(base_env, tmp_path):
    (tmp_path / "file").write_text("no folder")
    environ = {"ARCHIVE_HUB_SCRATCH": f"{tmp_path}/file/scratch", "HOME": str(tmp_path)}
    done = subprocess.run(
        [base_env / "bin/hub-server"], env=environ, capture_output=True, text=True
    )
    assert done.returncode == 1
    assert done.stderr.startswith("ARCHIVE_HUB_SCRATCH: no server runs without")
    assert done.stderr.count("\n") == 1


def test_under_a_hub_it_becomes_the_hubs_own_program(base_env, tmp_path):
    environ = {"HOME": str(tmp_path), "ARCHIVE_HUB_SCRATCH": str(tmp_path / "scratch")}
    environ["JUPYTERHUB_API_TOKEN"] = "a-token"
    line = [base_env / "bin/hub-server", "--version"]
    done = subprocess.run(line, env=environ, capture_output=True, text=True)
    assert done.stdout.strip().startswith("5.5"), done.stderr


def test_the_default_scratch_of_somebody_else_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(environment.tempfile, "gettempdir", lambda: str(tmp_path))
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / f"hub-server-{os.getuid()}").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(PermissionError, match="belongs to somebody else"):
        environment.prepare({"HOME": str(tmp_path)})


def test_what_an_operator_set_stays(tmp_path):
    environ = {"HOME": str(tmp_path), "ARCHIVE_HUB_SCRATCH": str(tmp_path / "s")}
    environ["XDG_CACHE_HOME"] = "/elsewhere"
    environment.prepare(environ)
    assert environ["XDG_CACHE_HOME"] == "/elsewhere"
    assert "IPYTHONDIR" not in environ, "the home takes files: settings stay there"
