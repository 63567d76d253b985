"""Quotas: what people need against what a stand-in for AWS allows."""

from __future__ import annotations

import json

import pytest
import typer
from botocore.exceptions import NoCredentialsError
from typer.testing import CliRunner

from hub_config.operate import commands, quota
from hub_config.settings import SettingsError


@pytest.fixture(scope="module")
def app():
    made = typer.Typer()
    made.command()(commands.cost)
    made.command()(commands.quota)
    return made


@pytest.fixture
def asked(cloud, credentials, monkeypatch, app):
    """Return a function that runs the command against the stand-in."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", cloud)
    return lambda *words: CliRunner().invoke(app, ["quota", *words])


def test_people_core_machines_and_workers_count_by_class(hub):
    demand = quota.Demand(people=21, on_gpu=2, workers=14)
    needed = quota.needed_vcpu(hub, demand, core_nodes=2)
    assert needed == {"standard": 2 * 2 + 11 * 16, "gpu": 2 * 8, "spot": 2 * 16}


def test_what_nobody_needs_is_not_asked_for(hub):
    needed = quota.needed_vcpu(hub, quota.Demand(people=1), core_nodes=2)
    assert set(needed) == {"standard"}


def test_enough_is_said_and_succeeds(asked):
    result = asked("production", "--people", "2")
    assert result.exit_code == 0
    assert result.output == "standard: needs 20 vCPU, the account has 64\n"


def test_too_little_is_said_with_what_to_ask_for(asked):
    result = asked("production", "--people", "20", "--gpu", "1")
    assert result.exit_code == 1
    standard, gpu = result.output.splitlines()
    assert "needs 164 vCPU, the account has 64; ask AWS for 164" in standard
    assert "L-1216C47A" in standard
    assert "the account has 0; ask AWS for 8" in gpu


def test_json_says_the_same(asked):
    result = asked("production", "--people", "20", "--json")
    (verdict,) = json.loads(result.stdout)
    assert verdict["needed_vcpu"] == 164
    assert verdict["is_enough"] is False


def test_an_unknown_environment_is_refused_before_anybody_is_asked(app):
    result = CliRunner().invoke(app, ["quota", "producton"])
    assert isinstance(result.exception, SettingsError)
    assert "there are staging, production" in str(result.exception)


def test_a_quota_that_aws_does_not_know_is_no_verdict(cloud, credentials, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", cloud)
    monkeypatch.setitem(quota.CODES, "spot", "L-00000000")
    with pytest.raises(quota.CouldNotAsk, match="NoSuchResourceException"):
        quota.compare({"spot": 8}, quota.client("us-east-2"))


def test_nobody_listening_is_no_verdict(credentials, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    with pytest.raises(quota.CouldNotAsk, match="could not ask AWS") as caught:
        quota.compare({"gpu": 8}, quota.client("us-east-2"))
    assert "\n" not in str(caught.value)


def test_missing_credentials_are_no_verdict():
    class Nobody:
        def get_service_quota(self, **query):
            raise NoCredentialsError

    with pytest.raises(quota.CouldNotAsk, match="log in to AWS"):
        quota.compare({"gpu": 8}, Nobody())


@pytest.mark.parametrize(
    ("region", "variable", "value"),
    [
        ("us east 2", "AWS_PROFILE", ""),
        ("us-east-2", "AWS_ENDPOINT_URL", "nowhere"),
        ("us-east-2", "AWS_PROFILE", "nobody"),
    ],
)
def test_wrong_settings_of_aws_are_one_line(monkeypatch, region, variable, value):
    monkeypatch.setenv(variable, value)
    with pytest.raises(quota.CouldNotAsk, match="AWS cannot be asked") as caught:
        quota.client(region)
    assert "\n" not in str(caught.value)
