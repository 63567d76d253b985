"""Fixtures of the tests of the chart.

values       merged values of an environment, as Helm merges them
manifests    what Helm makes of our own templates for an environment
pods         the pod of each profile, made by our spawner as z2jh configures it
chart_data   the folder with the upstream charts' values and schemas
"""

from __future__ import annotations

import asyncio
import copy
import shutil
import subprocess
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import MagicMock

import kubespawner.spawner
import pytest
import yaml
from kubernetes_asyncio.client import ApiClient
from traitlets.config import Config

from hub_config import kubernetes

ENVIRONMENTS = ("production", "staging", "development")
KUBERNETES = "1.35.0"
# What `archive-hub deploy` looks up in the cluster.
NFS = "--set=home.nfsServer=10.43.0.9"


def merged(base, over):
    """Merge as Helm does: tables by key, all else replaced, null removes."""
    result = copy.deepcopy(base)
    for key, value in over.items():
        if isinstance(value, dict) and isinstance(result.get(key), dict):
            result[key] = merged(result[key], value)
        else:
            result[key] = copy.deepcopy(value)
    return result


def files_of(chart: Path, environment: str) -> list[Path]:
    names = ("values", "values.generated", f"{environment}.generated", environment)
    return [path for name in names if (path := chart / f"{name}.yaml").is_file()]


@pytest.fixture(params=ENVIRONMENTS)
def environment(request):
    return request.param


@pytest.fixture(scope="session")
def chart_data(root):
    folder = root.parent / "shared" / "data"
    if not (folder / "charts").is_dir():
        pytest.skip(f"no schemas of the upstream charts in {folder}")
    return folder


@pytest.fixture
def values(root, environment):
    result = {}
    for file in files_of(root / "helm/hub", environment):
        result = merged(result, yaml.safe_load(file.read_text()))
    return result


@pytest.fixture(scope="session")
def helm(root, tmp_path_factory):
    """Run Helm on our chart alone: its dependencies are not here."""
    program = shutil.which("helm") or shutil.which("helm", path=Path.home() / "go/bin")
    if program is None:
        pytest.skip("no helm; `go install helm.sh/helm/v3/cmd/helm@v3.19.0` makes one")
    chart = tmp_path_factory.mktemp("chart") / "hub"
    shutil.copytree(root / "helm/hub", chart)
    about = yaml.safe_load((chart / "Chart.yaml").read_text())
    about.pop("dependencies")
    (chart / "Chart.yaml").write_text(yaml.safe_dump(about))

    def run(command, environment, *more):
        files = (f"--values={file}" for file in files_of(chart, environment))
        name = ["hub"] if command == "template" else []
        words = [program, command, *name, str(chart), "--namespace=hub", *files]
        return subprocess.run(
            [*words, f"--kube-version={KUBERNETES}", *more],
            capture_output=True,
            text=True,
            timeout=60,
        )

    return run


@pytest.fixture(scope="session")
def rendered(helm):
    @cache
    def render(environment):
        answer = helm("template", environment, NFS)
        assert answer.returncode == 0, answer.stderr
        return [one for one in yaml.safe_load_all(answer.stdout) if one]

    return render


@pytest.fixture
def manifests(rendered, environment):
    return copy.deepcopy(rendered(environment))


@pytest.fixture
def pods(values, monkeypatch):
    """Return the pod of each profile and image by name, as JSON."""
    monkeypatch.setattr(kubespawner.spawner, "load_config", MagicMock())
    monkeypatch.setattr(kubespawner.spawner, "shared_client", MagicMock())
    c = z2jh(values["jupyterhub"])
    kubernetes.hub(c)
    profiles = values["jupyterhub"]["singleuser"]["profileList"]
    return {
        f"{profile['slug']} {image}": asyncio.run(_pod(c, profile["slug"], image))
        for profile in profiles
        for image in _images(profile)
    }


def _images(profile):
    options = profile.get("profile_options", {})
    return list(options.get("image", {}).get("choices", {})) or [""]


async def _pod(c, slug, image):
    user = SimpleNamespace(name="gh-5", id=5, url="/user/gh-5/", settings={})
    hub = SimpleNamespace(
        public_host="", url="http://hub", base_url="/hub/", api_url="http://hub/api"
    )
    spawner = kubernetes.HubSpawner(config=c, user=user, hub=hub, _mock=True)
    spawner.get_env = lambda: {"A": "b"}
    choice = {"profile": slug} | ({"image": image} if image else {})
    spawner.user_options = choice
    await spawner.load_user_options()
    async with ApiClient() as client:
        return client.sanitize_for_serialization(await spawner.get_pod_manifest())


def z2jh(values):
    """Return the configuration that z2jh 4.4.0 makes of the values that we set."""
    single = values["singleuser"]
    storage = single["storage"]
    home = {
        "name": "home",
        "persistentVolumeClaim": {"claimName": storage["static"]["pvcName"]},
    }
    mount = {"mountPath": "/home/jovyan", "name": "home"}
    mount["subPath"] = storage["static"]["subPath"]
    c = Config()
    c.KubeSpawner = Config(
        namespace="hub",
        image="{name}:{tag}".format(**single["image"]),
        uid=1000,
        fs_gid=100,
        allow_privilege_escalation=False,
        cmd=single["cmd"],
        environment=single["extraEnv"],
        extra_pod_config=single["extraPodConfig"],
        extra_annotations=single["extraAnnotations"],
        extra_labels={"hub.jupyter.org/network-access-hub": "true"},
        profile_list=single["profileList"],
        volumes={v["name"]: v for v in [home, *storage["extraVolumes"]]},
        volume_mounts=[mount, *storage["extraVolumeMounts"]],
        tolerations=[
            {"key": key, "operator": "Equal", "value": "user", "effect": "NoSchedule"}
            for key in ("hub.jupyter.org/dedicated", "hub.jupyter.org_dedicated")
        ],
    )
    c.JupyterHub.load_roles = [{"name": "jupyterhub-idle-culler", "scopes": []}]
    for section, traits in values["hub"]["config"].items():
        c[section].update(traits)
    return c
