"""Every IAM document, as Terraform renders it for production."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

ACCEPTED = tomllib.loads(Path(__file__).with_name("skips.toml").read_text())
ENVIRONMENTS = Path(__file__).parents[2] / ".envs"
ADDRESS = re.compile(r'module\.(\w+)\.aws_iam_role_policy\.\w+(?:\["(.+)"\])?$')


@pytest.fixture(scope="session")
def documents(terraform):
    """Map each document's address to its text, from the plan of a mocked run."""
    result = terraform.run("live/production", "test", "-json", "-verbose")
    assert result.returncode == 0, result.stdout
    lines = map(json.loads, result.stdout.splitlines())
    (plan,) = (line["test_plan"] for line in lines if line["type"] == "test_plan")
    found = {}
    for change in plan["resource_changes"]:
        after = change["change"]["after"] or {}
        for key in ("policy", "assume_role_policy"):
            if "Statement" in (after.get(key) or ""):
                found[f"{change['address']}.{key}"] = after[key]
    return found


@pytest.fixture(scope="session")
def rights(documents):
    """Map `module.policy` to the text of what a role may do."""
    found = {}
    for address, text in documents.items():
        if match := ADDRESS.search(address.removesuffix(".policy")):
            found[f"{match[1]}.{match[2] or 'role'}"] = text
    return found


@pytest.fixture(scope="session")
def lint():
    """Return a function that names what parliament reports about some documents."""
    binary = ENVIRONMENTS / "aws/bin/parliament"
    if not binary.exists():
        pytest.skip("parliament is not installed; `make aws-tools` does it")

    def run(folder: Path, texts: dict[str, str]) -> set[str]:
        for name, text in texts.items():
            (folder / f"{name}.json").write_text(text)
        command = [str(binary), "--json", "--directory", str(folder)]
        result = subprocess.run(command, capture_output=True, text=True, check=False)
        assert "Traceback" not in result.stderr, result.stderr
        findings = [json.loads(line) for line in result.stdout.splitlines() if line]
        return {
            f"{Path(finding['location']['filepath']).stem}: {finding['issue']}"
            for finding in findings
        }

    return run


def test_every_document_is_seen(documents, rights):
    assert len(documents) >= 25
    assert {"identity.load-balancer", "karpenter.start", "ops.role"} <= set(rights)


def test_parliament_reports_only_what_is_accepted(rights, lint, tmp_path):
    assert lint(tmp_path, rights) == set(ACCEPTED["parliament"])


@pytest.mark.parametrize(
    ("change", "issue"),
    [
        ({"Action": "ssm:GetParametr"}, "UNKNOWN_ACTION"),
        ({"Action": "s3:GetObject", "Resource": "arn:aws:s3:::b"}, "RESOURCE_MISMATCH"),
        ({"Condition": {"StringEqual": {"aws:SourceIp": "1"}}}, "UNKNOWN_OPERATOR"),
        ({"Resource": "*"}, "RESOURCE_STAR"),
    ],
)
def test_parliament_notices(change, issue, lint, tmp_path):
    statement = {
        "Effect": "Allow",
        "Action": "ssm:GetParameter",
        "Resource": "arn:aws:ssm:us-east-2:111122223333:parameter/a",
    }
    text = json.dumps({"Version": "2012-10-17", "Statement": [statement | change]})
    assert f"planted: {issue}" in lint(tmp_path, {"planted": text})


def test_nobody_may_do_everything(rights):
    for name, text in rights.items():
        for statement in json.loads(text)["Statement"]:
            actions = statement["Action"]
            for action in [actions] if isinstance(actions, str) else actions:
                assert not action.endswith("*"), f"{name}: {action}"


def test_a_role_is_handed_to_a_service_or_to_one_github_environment(documents):
    for address, text in documents.items():
        if not address.endswith("assume_role_policy"):
            continue
        (statement,) = json.loads(text)["Statement"]
        if "Federated" in statement["Principal"]:
            conditions = statement["Condition"]["StringEquals"]
            assert conditions["token.actions.githubusercontent.com:sub"].startswith(
                "repo:"
            )
        else:
            assert statement["Principal"]["Service"].endswith(".amazonaws.com"), address


def test_a_roles_policies_stay_below_awss_10240_characters(rights):
    for module in {name.split(".")[0] for name in rights}:
        sizes = [len(t) for name, t in rights.items() if name.startswith(f"{module}.")]
        assert sum(sizes) <= 10_240


def test_only_the_account_itself_owns_a_key(documents):
    text = next(text for name, text in documents.items() if "aws_kms_key" in name)
    owners = [
        s["Principal"] for s in json.loads(text)["Statement"] if s["Action"] == "kms:*"
    ]
    assert owners == [{"AWS": "arn:aws:iam::111122223333:root"}]


@pytest.fixture(scope="session")
def checkov() -> str:
    binary = ENVIRONMENTS / "checkov/bin/checkov"
    if not binary.exists():
        pytest.skip("checkov is not installed; `make aws-tools` does it")
    return str(binary)


def test_checkov_reports_what_is_planted_and_else_only_what_is_accepted(
    checkov, copy_tree, tmp_path
):
    tree = copy_tree(tmp_path / "terraform").tree
    planted = Path(__file__).with_name("planted.tf")
    shutil.copy(planted, tree / "planted.tf")
    options = ["--framework", "terraform", "--skip-download", "--compact", "--quiet"]
    command = [checkov, "-d", str(tree), *options, "-o", "json"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    failed = json.loads(result.stdout)["results"]["failed_checks"]
    where = {True: set(), False: set()}
    for check in failed:
        where[check["file_path"] == "/planted.tf"].add(check["check_id"])
    assert where[False] == set(ACCEPTED["checkov"])
    expected = set(re.findall(r"# (CKV\w+)", planted.read_text()))
    assert len(expected) >= 4
    assert expected <= where[True]
