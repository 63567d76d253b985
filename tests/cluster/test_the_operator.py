"""An operator's day: deploy, look at the plan, be interrupted, go back, end it all.

It takes over whatever release of the hub is there, and leaves none: hence its name,
which puts it behind the others.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

from hub_config.keep.made import verify
from hub_config.visit.browser import Visitor

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(900)]
SCRIPT = str(Path(sys.executable).with_name("archive-hub"))
WHO = ("-c", "user.name=Test", "-c", "user.email=test@example.org")


def run(*words, cwd=None, check=True):
    done = subprocess.run(words, cwd=cwd, capture_output=True, text=True, timeout=800)
    assert not check or done.returncode == 0, done.stdout + done.stderr
    return done


def kubectl(*words):
    return run("kubectl", *words, check=False).stdout


def merged(base, over):
    for key, value in over.items():
        inner = isinstance(value, dict) and isinstance(base.get(key), dict)
        base[key] = merged(base[key], value) if inner else value
    return base


class Checkout:
    """A checkout that fits this cluster, and the command line in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.values = folder / "helm/hub/development.yaml"

    def commit(self, **over) -> None:
        content = merged(yaml.safe_load(self.values.read_text()), over)
        self.values.write_text(yaml.safe_dump(content))
        run("git", "add", "--all", cwd=self.folder)
        words = ("commit", "--quiet", "--allow-empty", "--message=Change")
        run("git", *WHO, *words, cwd=self.folder)

    def __call__(self, *words, check=True):
        return run(SCRIPT, *words, cwd=self.folder, check=check)


@pytest.fixture(scope="module")
def checkout(root, cluster, charts, image_names, tmp_path_factory):
    folder = tmp_path_factory.mktemp("operator") / "hub"
    for name in run("git", "ls-files", cwd=root).stdout.splitlines():
        if (root / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(root / name, folder / name)
    for name in ("jupyterhub", "dask-gateway"):
        shutil.copytree(charts / name, folder / "helm/hub/charts" / name)
    made = Checkout(folder)
    run("git", "init", "--quiet", cwd=folder)
    for file in (Path(__file__).with_name("offline.yaml"), own_values()):
        if file and file.is_file():
            made.commit(**yaml.safe_load(file.read_text()))
    made.commit()
    return made


def own_values():
    own = os.environ.get("CLUSTER_VALUES")
    return Path(own) if own else None


@pytest.fixture(scope="module")
def url(checkout):
    """Deploy, and return where this machine reaches the hub."""
    done = checkout("deploy", "development", "--yes")
    assert "check it with --url" in done.stdout
    words = ("-n", "hub", "get", "service", "proxy-public", "-o", "json")
    service = json.loads(kubectl(*words))["spec"]
    return f"http://{service['clusterIP']}:{service['ports'][0]['port']}"


@pytest.fixture(scope="module")
def at_work(url):
    """Ada has a server and works."""
    with Visitor(url) as visitor:
        visitor.log_in("ada")
        visitor.start_server(visitor.name, "tiny")
        yield visitor


def pod_of(name):
    label = f"hub.jupyter.org/username={name}"
    found = json.loads(kubectl("-n", "hub", "get", "pods", "-l", label, "-o", "json"))
    return found["items"][0]["metadata"]["uid"]


def test_a_second_deploy_finds_nothing_to_do(checkout, url):
    assert "Nothing to do." in checkout("deploy", "development", "--plan").stdout


def test_the_hub_is_well_and_nothing_is_left(checkout, url):
    report = json.loads(checkout("health", url, "--json").stdout)
    assert report["healthy"], report
    servers = ("-l", "component=singleuser-server", "-o", "name")
    assert kubectl("-n", "hub", "get", "pods", *servers) == ""
    assert kubectl("-n", "hub-dask", "get", "pods", "-o", "name") == ""


def test_a_plan_names_who_is_hit(checkout, at_work):
    checkout.commit(jupyterhub={"proxy": {"annotations": {"changed": "once"}}})
    plan = checkout("deploy", "development", "--plan").stdout
    assert "changes Deployment proxy, whose pods are replaced" in plan
    assert "one person has a running server" in plan
    assert f"{at_work.name} (ada), last active" in plan
    assert "could not be asked" not in plan
    assert "They are hit" in plan


def test_a_running_server_goes_on_through_a_deploy(checkout, at_work):
    before = pod_of(at_work.name)
    done = checkout("deploy", "development", "--yes")
    assert "hub: is up" in done.stdout
    assert pod_of(at_work.name) == before
    deadline = time.monotonic() + 120
    while not at_work.get(f"/user/{at_work.name}/api").is_success:
        assert time.monotonic() < deadline, "the server is not to be reached"
        time.sleep(1)
    copies = list((checkout.folder / "backups/development").glob("*/hub.sqlite"))
    assert copies or "copied the databases" not in done.stdout


def test_a_deploy_that_is_killed_is_put_right_by_the_next(checkout, url):
    checkout.commit(jupyterhub={"proxy": {"annotations": {"changed": "twice"}}})
    words = [SCRIPT, "deploy", "development", "--yes"]
    with subprocess.Popen(words, cwd=checkout.folder, start_new_session=True) as cut:
        deadline = time.monotonic() + 120
        while "pending-upgrade" not in run("helm", "-n", "hub", "status", "hub").stdout:
            assert time.monotonic() < deadline
            time.sleep(0.2)
        os.killpg(cut.pid, signal.SIGKILL)
    done = checkout("deploy", "development", "--yes")
    assert "was left in 'pending-upgrade'" in done.stdout
    assert "Nothing to do." in checkout("deploy", "development", "--plan").stdout


def test_the_hub_goes_back(checkout, url):
    checkout.commit(jupyterhub={"hub": {"annotations": {"changed": "yes"}}})
    checkout("upgrade", "development", "--yes")
    done = checkout("rollback", "development", "--yes")
    assert "It is back." in done.stdout
    plan = checkout("deploy", "development", "--plan").stdout
    assert "changes Deployment hub, whose pods are replaced" in plan


def test_the_end_leaves_nothing(checkout, url):
    words = ("destroy", "development", "--confirm", "development")
    done = checkout(*words)
    [copied] = re.findall("copied homes and databases: (.*)", done.stdout)
    assert "gh-1001" in verify(checkout.folder / copied)["homes"]
    assert done.stdout.endswith("Nothing of development is left.\n")
    assert "hub" not in kubectl("get", "namespaces", "-o", "name").split("/")
    assert run("helm", "list", "--all-namespaces", "--short").stdout == ""
    assert checkout(*words).returncode == 0
