"""The first command: what must be had, whether it is there, and hub.toml written."""

from __future__ import annotations

import tomllib

import pytest

from hub_config.deploy.declare import declare
from hub_config.deploy.vars import faults
from hub_config.settings import SettingsError

ACCOUNT = "123456789012"
TFVARS = (
    'cidr      = "10.42.0.0/16"\nzones = ["us-east-2a", "us-east-2b"]\n'
    f'zone_name = "example.org"\naccount_id  = "{ACCOUNT}"\n'
)


@pytest.fixture
def declaration(checkout):
    return checkout / "hub_config" / "hub.toml"


@pytest.fixture
def aws(cloud, credentials, monkeypatch):
    import boto3

    monkeypatch.setenv("AWS_ENDPOINT_URL", cloud)
    return lambda service: boto3.client(service, region_name="us-east-2")


@pytest.fixture
def zone(aws):
    route53 = aws("route53")
    made = route53.create_hosted_zone(Name="example.org.", CallerReference="1")
    yield
    route53.delete_hosted_zone(Id=made["HostedZone"]["Id"])


@pytest.fixture
def secrets(aws, running):
    """Put the secrets of the local hub's stand-ins where AWS keeps secrets."""
    import json
    from pathlib import Path

    kept = json.loads((Path(running["state"]) / "secrets.json").read_text())
    store = aws("ssm")
    names = {
        "client_id": kept["github_client_id"],
        "client_secret": kept["github_client_secret"],
        "archive_token": kept["archive_token"],
    }
    for name, value in names.items():
        path = f"/archive-hub/production/{name}"
        store.put_parameter(Name=path, Type="SecureString", Value=value)
    yield store
    store.delete_parameters(Names=[f"/archive-hub/production/{name}" for name in names])


def lines(output, name):
    answers = output.partition("Is it there")[2].splitlines()
    return [line.strip() for line in answers if f" {name}: " in line]


def test_it_says_first_what_takes_days(deploy):
    _, output = deploy("init", "production")
    for word in ("OAuth app", "domain", "token of the archive", "quotas", "MATLAB"):
        assert word in output
    assert output.index("days") < output.index("Is it there")


def test_without_credentials_nothing_is_no(deploy, monkeypatch, declaration):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nowhere")
    before = declaration.read_text()
    code, output = deploy("init", "production")
    assert "?    AWS credentials: " in output
    assert "log in to AWS" in output
    assert (code, declaration.read_text()) == (2, before)


def test_all_that_is_there_is_found(
    deploy, aws, zone, secrets, running, checkout, declaration
):
    tfvars = checkout / "terraform/live/production/terraform.tfvars"
    tfvars.write_text(TFVARS)
    text = declaration.read_text()
    api = running["archive_api"]
    declaration.write_text(text.replace("https://api.dandiarchive.org/api", api))
    github = f"{running['url']}/services/github"
    words = ("--people", "2", "--gpu", "0", "--github", github)
    code, output = deploy("init", "production", *words)
    assert (code, "NO " in output) == (0, False), output
    assert f"account {ACCOUNT}" in output
    assert "GitHub takes its id and secret" in output
    assert "of 'hub-service': does that person stay?" in output
    place = tomllib.loads(declaration.read_text())["environments"]["production"]
    registry = f"{ACCOUNT}.dkr.ecr.us-east-2.amazonaws.com/archive-hub-production"
    assert place["registry"] == registry
    assert registry in (checkout / "helm/hub/production.generated.yaml").read_text()


def test_a_second_run_changes_nothing(deploy, aws, declaration):
    deploy("init", "production")
    before = declaration.read_text()
    _, output = deploy("init", "production")
    assert "hub.toml: as it was" in output
    assert "wrote " not in output
    assert declaration.read_text() == before


def test_what_is_missing_says_what_to_do(deploy, aws):
    code, output = deploy("init", "production", "--host", "hub.nowhere.example")
    assert code == 1
    (said,) = lines(output, "DNS zone")
    assert said.startswith(
        "NO   DNS zone: no public zone of this account holds 'hub.no"
    )
    assert "the account has 0; ask AWS for" in lines(output, "quotas")[0]
    assert "put-parameter" in lines(output, "secrets")[0]
    assert (
        "account_id is '111122223333', AWS says" in lines(output, "terraform.tfvars")[0]
    )


def test_a_wrong_region_is_told_with_those_there_are(deploy, aws, declaration):
    before = declaration.read_text()
    _, output = deploy("init", "production", "--region", "us-est-2")
    (said,) = lines(output, "region")
    assert said.startswith("NO   region: no region 'us-est-2'; there are us-east-1")
    assert "not asked: region first" in lines(output, "quotas")[0]
    assert declaration.read_text() == before


def test_a_region_away_from_the_archive_is_told(deploy, aws):
    _, output = deploy("init", "production", "--region", "eu-west-1")
    assert "but the archive is in us-east-2: each byte" in lines(output, "region")[0]


def test_a_wrong_secret_of_the_oauth_app_is_told(deploy, secrets, running):
    path = "/archive-hub/production/client_secret"
    secrets.put_parameter(Name=path, Type="SecureString", Value="old", Overwrite=True)
    github = f"{running['url']}/services/github"
    _, output = deploy("init", "production", "--github", github)
    (said,) = lines(output, "OAuth app")
    assert said.startswith("NO   OAuth app: GitHub refuses the client_secret")


def test_a_new_environment_needs_a_host(deploy, declaration):
    before = declaration.read_text()
    code, output = deploy("init", "test")
    assert (code, declaration.read_text()) == (1, before)
    assert "say where people shall find it with --host" in output


def test_a_name_that_terraform_would_refuse_is_refused(deploy, declaration):
    before = declaration.read_text()
    code, output = deploy("init", "My_Hub", "--host", "hub.example.org")
    assert (code, declaration.read_text()) == (1, before)
    assert "'My_Hub' is no name of an environment" in output


def test_every_comment_of_the_declaration_stays(declaration):
    before = declaration.read_text()
    place = {"host": "hub.test.example.org", "region": "us-east-2", "registry": "r"}
    assert declare(declaration, "test", **place)
    after = declaration.read_text()
    assert after.startswith(before.rstrip())
    assert tomllib.loads(after)["environments"]["test"] == place
    assert not declare(declaration, "test", **place)


def test_what_would_not_fit_is_not_written(declaration):
    before = declaration.read_text()
    with pytest.raises(SettingsError, match=r"^hub.toml: environments.test.host: "):
        declare(declaration, "test", host="no host", region="r", registry="r")
    assert declaration.read_text() == before
    assert [one.name for one in declaration.parent.iterdir()] == ["hub.toml"]


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("10.42.0.0/16", "172.20.0.0/16", "overlaps 172.20.0.0/16"),
        ("10.42.0.0/16", "172.16.0.0/12", "overlaps 172.20.0.0/16"),
        ("10.42.0.0/16", "100.64.0.0/16", "is not private"),
        ("10.42.0.0/16", "10.42.0.1/16", "is no range of addresses"),
        ("10.42.0.0/16", "", "is no range of addresses"),
        ("us-east-2b", "us-west-2b", "not all in 'us-east-2'"),
        ('"example.org"', '"example.com"', "zone_name is 'example.com'"),
        (ACCOUNT, "210987654321", "account_id is '210987654321'"),
    ],
)
def test_a_value_for_terraform_that_does_not_fit_is_told(old, new, says):
    assert faults(TFVARS, ACCOUNT, "example.org", "us-east-2") == []
    (found,) = faults(TFVARS.replace(old, new), ACCOUNT, "example.org", "us-east-2")
    assert says in found
