"""The canary's jobs: when they run, as whom, and where there are none."""

from __future__ import annotations

import pytest

from hub_config.check.pods import violations

from .conftest import NFS

CLOUD = pytest.mark.parametrize("environment", ["production", "staging"], indirect=True)


@pytest.fixture
def jobs(manifests):
    return {
        one["metadata"]["name"].removeprefix("archive-hub-canary-"): one["spec"]
        for one in manifests
        if one["kind"] == "CronJob"
    }


def pod_of(job):
    return job["jobTemplate"]["spec"]["template"]


@CLOUD
def test_it_looks_often_and_uses_a_server_in_working_hours_only(jobs, hub):
    schedules = {kind: job["schedule"] for kind, job in jobs.items()}
    assert schedules == {"look": "*/5 * * * *", "use": "23 9-17 * * Mon-Fri"}
    for job in jobs.values():
        assert job["timeZone"] == hub.canary.time_zone
        assert job["concurrencyPolicy"] == "Forbid"


@CLOUD
def test_its_pods_are_restricted_and_have_no_identity(jobs):
    assert len(jobs) == 2
    for job in jobs.values():
        pod = pod_of(job)
        assert violations(pod) == []
        assert pod["spec"]["automountServiceAccountToken"] is False
        assert pod["metadata"]["labels"]["component"] == "canary"


@CLOUD
def test_it_comes_as_people_do_and_with_nothing_but_its_token(jobs, values):
    for kind, job in jobs.items():
        [container] = pod_of(job)["spec"]["containers"]
        assert container["command"][-1] == f"https://{values['host']}"
        assert container["args"] == (["--look"] if kind == "look" else [])
        refs = {
            one["name"]: one["valueFrom"]["secretKeyRef"]["key"]
            for one in container["env"]
        }
        assert refs == {
            "JUPYTERHUB_API_TOKEN": "hub.services.canary.apiToken",
            "GITHUB_CLIENT_ID": "client_id",
        }


@CLOUD
def test_its_token_reaches_one_account_only(values, hub):
    hub_values = values["jupyterhub"]["hub"]
    role = hub_values["loadRoles"]["canary"]
    assert role["services"] == ["canary"]
    for scope in role["scopes"]:
        assert scope.endswith(f"!user=gh-{hub.canary.number}"), scope
    assert "admin" not in hub_values["services"]["canary"]
    assert hub_values["services"]["canary"]["info"] == {"missed_after_s": 900}


@pytest.mark.parametrize("environment", ["development"], indirect=True)
def test_a_development_cluster_has_none(jobs, values):
    assert jobs == {}
    assert "canary" not in values["jupyterhub"]["hub"]["services"]


@pytest.mark.parametrize(
    ("environment", "more", "said"),
    [
        ("production", "jupyterhub.hub.services.canary=null", "has no canary"),
        ("development", "canary.schedules.look=*/5 * * * *", "has no canary"),
        ("production", "canary.schedules.always=*/5 * * * *", "always"),
        (
            "development",
            (
                "canary.address=,canary.schedules.look=0 0 1 1 *,"
                "jupyterhub.hub.services.canary.display=false"
            ),
            "no way in",
        ),
        ("production", "canary.address=http://elsewhere.example", "address"),
    ],
)
def test_a_contradiction_is_refused(helm, environment, more, said):
    answer = helm("template", environment, NFS, f"--set={more}")
    assert answer.returncode != 0
    assert said in answer.stderr
