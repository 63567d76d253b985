"""The stand-ins of a development cluster: only there, and only when told so."""

from __future__ import annotations

import asyncio
import subprocess
import sys

import httpx
import pytest
from traitlets.config import Config

from hub_config import kubernetes
from hub_config.local import on_cluster
from hub_config.local.serving import serving
from hub_config.local.standins import pod

SECRETS = dict.fromkeys(pod.VARIABLES.values(), "secret")


@pytest.fixture
def environ(tmp_path, monkeypatch):
    found = SECRETS | {"STANDINS_FOLDER": str(tmp_path), "POD_NAMESPACE": "hub"}
    for name, value in found.items():
        monkeypatch.setenv(name, value)
    return found


def test_stand_ins_refuse_a_pods_address_unless_told(environ):
    words = ["--address", "0.0.0.0", "--port", "0"]
    with pytest.raises(SystemExit, match="is not a loopback address"):
        asyncio.run(pod.main(words))


def test_the_refusal_is_a_line_and_no_traceback(environ):
    line = [sys.executable, "-m", "hub_config.local.standins.pod"]
    done = subprocess.run(line, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "is not a loopback address" in done.stderr


def test_only_the_charts_one_template_tells_them(root):
    said = {
        path.relative_to(root).as_posix()
        for folder in ("helm", "hub_config", "images", "docs")
        for path in (root / folder).rglob("*")
        if path.is_file()
        and b'-beyond-loopback"' in path.read_bytes().replace(b"]", b'"')
    }
    assert said == {
        "helm/hub/templates/standins/deployment.yaml",
        "hub_config/local/standins/pod.py",
    }


async def test_all_three_answer_on_one_port_when_told(environ, tmp_path):
    (tmp_path / "archive/objects/dandiarchive").mkdir(parents=True)
    app = pod.app_of(environ)
    async with serving(app, address="0.0.0.0", beyond_loopback=True) as url:
        url = url.replace("0.0.0.0", "127.0.0.1")
        async with httpx.AsyncClient(base_url=url) as client:
            found = [
                (await client.get(path)).status_code
                for path in (
                    "/services/github/user",
                    "/services/archive/api/dandisets/",
                    "/services/s3/dandiarchive?list-type=2",
                )
            ]
    assert found == [401, 200, 200]


def test_a_development_cluster_plays_and_all_else_is_as_in_the_cloud(environ):
    cloud, played = Config(), Config()
    cloud.JupyterHub.services = []
    played.JupyterHub.services = []
    kubernetes.hub(cloud)
    on_cluster.hub(played)
    assert played.JupyterHub.spawner_class is cloud.JupyterHub.spawner_class
    assert played.JupyterHub.load_roles == cloud.JupyterHub.load_roles
    more = set(played.KubeSpawner.environment) - set(cloud.KubeSpawner.environment)
    assert more == {"DANDI_INSTANCE", "AWS_ENDPOINT_URL"}
    [archive] = played.ArchiveAuthenticator.hub.archives.values()
    assert archive.api_url == "http://standins.hub:8080/services/archive/api"


def test_what_the_hub_remembers_lies_beside_its_database():
    c = Config()
    kubernetes.hub(c)
    assert c.ArchiveAuthenticator.ledger_path == "/srv/jupyterhub/people.sqlite"
