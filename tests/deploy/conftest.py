"""A checkout of one's own, programs on PATH that write down their words, a small hub.

checkout
    What `deploy` reads, committed in a folder of its own.
world
    What the programs know, to be looked at and changed: see `program.py`.
deploy
    Runs a command of `archive-hub` in the checkout; returns code and output.
"""

from __future__ import annotations

import base64
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from typer.testing import CliRunner

from hub_config import cli, render
from hub_config.failure import Failure

PROGRAM = Path(__file__).with_name("program.py")
TOKEN = "the-operators-token"
ENDPOINT = "https://ABC.gr7.us-east-2.eks.amazonaws.com"
OUTPUTS = {
    "cluster_endpoint": ENDPOINT,
    "cluster_name": "archive-hub-production",
    "discovery_tag": "archive-hub-production",
    "node_instance_profile": "archive-hub-production-node",
    "parameter_prefix": "/archive-hub/production",
    "zone": "us-east-2a",
    "home_volume_id": "vol-1",
    "interruption_queue": "queue",
    "region": "us-east-2",
    "vpc_id": "vpc-1",
}


def git(folder: Path, *words: str) -> None:
    who = ["-c", "user.name=Test", "-c", "user.email=test@example.org"]
    command = ["git", *who, *words]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)


@pytest.fixture(scope="session")
def master(root, hub, tmp_path_factory):
    folder = tmp_path_factory.mktemp("checkout") / "hub"
    for name in ("helm", "terraform/live"):
        left = shutil.ignore_patterns("charts", ".terraform*")
        shutil.copytree(root / name, folder / name, ignore=left)
    for name in ("hub_config/hub.toml", ".gitignore", *render.files(hub)):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(root / name, folder / name)
    for name in ("jupyterhub", "dask-gateway"):
        version = {"jupyterhub": "4.4.0", "dask-gateway": "2026.3.0"}[name]
        about = folder / "helm/hub/charts" / name / "Chart.yaml"
        about.parent.mkdir(parents=True)
        about.write_text(f"name: {name}\nversion: {version}\n")
    git(folder, "init", "--quiet")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message=All")
    return folder


@pytest.fixture
def checkout(master, tmp_path, monkeypatch):
    folder = tmp_path / "hub"
    shutil.copytree(master, folder)
    monkeypatch.chdir(folder)
    return folder


class World:
    """The file from which the programs answer."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @contextmanager
    def changed(self):
        content = json.loads(self.path.read_text())
        yield content
        self.path.write_text(json.dumps(content))

    @property
    def now(self):
        return json.loads(self.path.read_text())

    def said(self, *starts: str) -> list[str]:
        """Return what was run that begins so."""
        log = self.path.with_suffix(".log")
        lines = log.read_text().splitlines() if log.exists() else []
        return [line for line in lines if line.startswith(starts)]

    def forget(self) -> None:
        self.path.with_suffix(".log").unlink(missing_ok=True)


def a_deployment(name: str, image: str) -> dict:
    container = {
        "name": name,
        "image": image,
        "env": [
            {
                "name": "ID",
                "valueFrom": {"secretKeyRef": {"name": "hub-oauth", "key": k}},
            }
            for k in ("client_id", "client_secret")
        ],
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name},
        "spec": {"template": {"spec": {"containers": [container]}}},
    }


def manifests() -> dict:
    listed = (
        "calico karpenter aws-load-balancer-controller external-dns external-secrets "
        "home-nfs nvidia-device-plugin prometheus grafana fluent-bit"
    )
    made = {name: a_deployment(f"{name}-main", f"{name}:1") for name in listed.split()}
    for one in made.values():
        one["spec"]["template"]["spec"]["containers"][0].pop("env")
    hub = a_deployment("hub", "archive-hub/hub:1")
    proxy = a_deployment("proxy", "proxy:1")
    config = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}}
    return {**{name: [one] for name, one in made.items()}, "hub": [hub, proxy, config]}


@pytest.fixture
def hub_port():
    """Serve what the hub's API tells an operator of running servers."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            ours = self.headers["Authorization"] == f"token {TOKEN}"
            users = [
                {"name": "gh-5", "last_activity": "2026-11-24T14:00:00.000000Z"},
                {"name": "gh-6", "last_activity": None},
            ]
            body = json.dumps(
                users if ours and "offset=0" in self.path else []
            ).encode()
            self.send_response(200 if ours else 403)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_port
    server.shutdown()
    server.server_close()


def a_pod(name: str, login: str) -> dict:
    about = {"annotations": {"hub.jupyter.org/username": name}}
    return {"metadata": {**about, "labels": {"hub.archive/login": login}}}


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


@pytest.fixture
def world(tmp_path, monkeypatch, hub_port):
    database = tmp_path / "jupyterhub.sqlite"
    with closing(sqlite3.connect(database)) as made:
        made.execute("CREATE TABLE users (name TEXT)")
        made.execute("INSERT INTO users VALUES ('gh-5')")
        made.commit()
    bin = tmp_path / "bin"
    bin.mkdir()
    for name in ("helm", "kubectl", "terraform"):
        program = bin / name
        program.write_text(f"#!{sys.executable} -IS\n{PROGRAM.read_text()}")
        program.chmod(0o755)
    path = tmp_path / "world.json"
    token = {"hub.services.operator.apiToken": encoded(TOKEN)}
    oauth = {key: encoded("x") for key in ("client_id", "client_secret")}
    content = {
        "server": ENDPOINT,
        "outputs": OUTPUTS,
        "resources": [],
        "hub_port": hub_port,
        "fails": {},
        "hangs": [],
        "files": {"/srv/jupyterhub/jupyterhub.sqlite": str(database)},
        "releases": {},
        "templates": manifests(),
        "objects": {
            "secret/hub/hub": {"data": token},
            "secret/hub/hub-oauth": {"data": oauth},
            "service/home-nfs/home-nfs": {"spec": {"clusterIP": "172.20.0.9"}},
            "pods/hub/jupyter-gh-5": a_pod("gh-5", "ada"),
            "pods/hub/jupyter-gh-6": a_pod("gh-6", "mei"),
        },
    }
    path.write_text(json.dumps(content))
    monkeypatch.setenv("WORLD", str(path))
    monkeypatch.setenv("PATH", str(bin), prepend=os.pathsep)
    return World(path)


@pytest.fixture
def deploy(checkout, world):
    def run(*words: str, given: str = ""):
        result = CliRunner().invoke(cli.application(), words, input=given)
        error = result.exception
        if isinstance(error, Failure):
            assert "\n" not in str(error), error
            return 1, f"{result.output}{error}"
        assert error is None or isinstance(error, SystemExit), result.output
        return result.exit_code, result.output

    return run


@pytest.fixture
def deployed(world):
    """Return a world in which production stands, without what is optional."""
    with world.changed() as content:
        up = {"metadata": {"name": "hub"}, "status": {"availableReplicas": 1}}
        content["objects"]["deployment/hub/hub"] = up
        for name, manifest in content["templates"].items():
            if name not in ("prometheus", "grafana", "fluent-bit"):
                whole = {"status": "deployed", "manifest": manifest}
                content["releases"][name] = [whole]
    return world
