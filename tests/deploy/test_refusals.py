"""What is not ready is said in a sentence, and nothing is changed."""

from __future__ import annotations

import pytest

EXPIRED = "An error occurred (ExpiredToken) when calling the GetCallerIdentity"
TERRAFORM = "terraform -chdir="


def refuse(deploy, world, *words):
    code, output = deploy(*(words or ("deploy", "production", "--yes")))
    assert code == 1, output
    changing = ("helm upgrade", "helm rollback", "helm uninstall", "kubectl apply")
    assert world.said(*changing) == []
    return output


def test_a_tree_that_is_not_committed_is_refused(deploy, world, checkout):
    file = checkout / "helm/hub/values.yaml"
    file.write_text(file.read_text() + "\n")
    assert "values.yaml not committed" in refuse(deploy, world)
    assert world.said("") == []


def test_a_plan_may_look_at_a_tree_that_is_not_committed(deploy, world, checkout):
    (checkout / "note").write_text("")
    assert deploy("deploy", "production", "--plan")[0] == 0


def test_derived_files_that_are_stale_are_refused(deploy, world, checkout):
    file = checkout / "hub_config/hub.toml"
    file.write_text(file.read_text().replace("quota_gib = 50", "quota_gib = 40"))
    output = refuse(deploy, world, "deploy", "production", "--plan")
    assert "values.generated.yaml" in output
    assert "run `archive-hub render`" in output


def test_a_secret_that_is_not_there_is_refused(deploy, world):
    with world.changed() as content:
        del content["objects"]["secret/hub/hub-oauth"]
    output = refuse(deploy, world)
    assert "Secret 'hub-oauth' in namespace hub: has no client_id, client_sec" in output


def test_a_secret_without_one_of_its_keys_is_refused(deploy, world):
    with world.changed() as content:
        del content["objects"]["secret/hub/hub-oauth"]["data"]["client_secret"]
    assert "has no client_secret; kubectl" in refuse(deploy, world)


@pytest.fixture
def put_parameter(cloud, credentials, monkeypatch):
    """Return a function that keeps a value in AWS until the test is over."""
    import boto3

    monkeypatch.setenv("AWS_ENDPOINT_URL", cloud)
    store = boto3.client("ssm", region_name="us-east-2")
    names = []

    def put(name):
        store.put_parameter(Name=name, Type="SecureString", Value="x")
        names.append(name)

    yield put
    store.delete_parameters(Names=names)


def test_a_secret_that_external_secrets_will_make_is_looked_for_in_aws(
    deploy, world, put_parameter
):
    data = [
        {"secretKey": key, "remoteRef": {"key": f"/archive-hub/production/{key}"}}
        for key in ("client_id", "client_secret")
    ]
    made = {
        "apiVersion": "external-secrets.io/v1",
        "kind": "ExternalSecret",
        "metadata": {"name": "hub-oauth"},
        "spec": {"target": {"name": "hub-oauth"}, "data": data},
    }
    with world.changed() as content:
        del content["objects"]["secret/hub/hub-oauth"]
        content["templates"]["hub"].append(made)
    put_parameter("/archive-hub/production/client_id")
    output = refuse(deploy, world)
    assert "Parameter Store in us-east-2: no /archive-hub/production/client_s" in output
    put_parameter("/archive-hub/production/client_secret")
    assert deploy("deploy", "production", "--plan")[0] == 0


def test_another_cluster_is_refused(deploy, world):
    with world.changed() as content:
        content["server"] = "https://OTHER.gr7.us-east-2.eks.amazonaws.com"
    output = refuse(deploy, world)
    assert "speaks to 'https://OTHER" in output
    assert "aws eks update-kubeconfig --name archive-hub-production" in output


def test_a_cluster_of_another_environment_is_refused(deploy, world):
    mark = {"hub.archive/environment": "staging"}
    with world.changed() as content:
        content["objects"]["namespace//hub"] = {"metadata": {"annotations": mark}}
    assert "the hub in this cluster is 'staging'" in refuse(deploy, world)


def test_ones_own_cluster_must_not_be_in_the_cloud(deploy, world):
    output = refuse(deploy, world, "deploy", "development", "--yes")
    assert "is in the cloud, and 'development' is a cluster of your own" in output


@pytest.mark.parametrize(
    ("start", "said", "told"),
    [
        ("terraform", EXPIRED, "log in to AWS again; nothing was changed"),
        ("terraform", "Error: Backend initialization required", "`terraform init`"),
        ("terraform", "Error acquiring the state lock", "somebody else applies"),
        ("kubectl", "error: You must be logged in to the server", "log in to AWS"),
        ("kubectl get", "Error: secrets is forbidden: User", "needs more rights"),
        ("kubectl", "dial tcp: i/o timeout", "the cluster does not answer"),
        ("kubectl config", "", "ended without a word"),
        ("helm status", "Error: Kubernetes cluster unreachable", "unreachable"),
        ("helm template", "Error: chart not found", "helm template: chart not found"),
    ],
)
def test_a_program_that_fails_is_told_in_a_sentence(deploy, world, start, said, told):
    with world.changed() as content:
        content["fails"][start] = said or 1
    assert told in refuse(deploy, world)


@pytest.mark.parametrize(
    ("outputs", "told"),
    [
        ({}, "there is no output 'deployment'"),
        ({"cluster_endpoint": ""}, "an apply did not finish"),
    ],
)
def test_a_half_applied_state_is_refused(deploy, world, outputs, told):
    with world.changed() as content:
        content["outputs"] = {**content["outputs"], **outputs} if outputs else {}
        content["outputs"].pop("zone", None)
    assert told in refuse(deploy, world)


def test_a_program_that_is_missing_is_told_with_where_to_get_it(
    deploy, world, monkeypatch, tmp_path
):
    for name in ("helm", "kubectl"):
        (tmp_path / "bin" / name).unlink()
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:/usr/bin:/bin")
    (tmp_path / "bin" / "kubectl").symlink_to("/nowhere")
    monkeypatch.setenv("PATH", f"{tmp_path}/bin")
    (tmp_path / "bin" / "git").write_text("#!/bin/sh\n")
    (tmp_path / "bin" / "git").chmod(0o755)
    output = refuse(deploy, world)
    assert "kubectl: No such file or directory; install it from https://" in output


@pytest.mark.parametrize("command", ["deploy", "upgrade", "rollback", "destroy"])
def test_an_unknown_environment_is_refused(deploy, world, command):
    output = refuse(deploy, world, command, "producton")
    assert "there are staging, production, development" in output
    assert world.said("") == []


def test_an_optional_release_that_is_none_is_refused(deploy, world):
    words = ("deploy", "production", "--yes", "--with", "grafna")
    output = refuse(deploy, world, *words)
    assert "there are prometheus, grafana, fluent-bit" in output


def test_one_must_stand_in_a_checkout(deploy, world, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert "is no checkout of the hub" in refuse(deploy, world)
