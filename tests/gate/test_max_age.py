"""A server ends at its greatest age, however busy it is."""

from __future__ import annotations

import os
import subprocess

import pytest

from hub_config import settings
from hub_config.local.configure import _culler


@pytest.fixture
def culler(gate):
    """Run the culler as one-machine mode does, its hours made seconds."""
    hub = settings.load()
    idle = {
        "max_age_h": 8 / 3600,
        "cull_after_min": 60,
        "report_interval_min": 1 / 60,
    }
    hub = hub.model_copy(update={"idle": hub.idle.model_copy(update=idle)})
    environment = {
        "JUPYTERHUB_API_TOKEN": "hub-api-token",
        "JUPYTERHUB_API_URL": f"{gate.url}/hub/api",
    }
    with subprocess.Popen(
        _culler(hub)["command"], env=os.environ | environment
    ) as process:
        yield
        process.terminate()


def test_a_busy_server_ends_at_its_greatest_age(gate, person, wait_until, culler):
    someone = person("miner")
    gate.first.people(someone)
    name = f"gh-{someone.number}"
    visitor = gate.login("miner")
    visitor.start_server(name)

    def ended():
        model = {"last_activity": "2999-01-01T00:00:00Z"}
        visitor.post(f"users/{name}/activity", **model)
        return not gate.users()[name]["server"]

    assert not ended(), "it is younger"
    wait_until("the server ends", ended, 40)
