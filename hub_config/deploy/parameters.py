"""Secrets in AWS's Parameter Store: whether they are there; never what they say."""

from __future__ import annotations

from typing import Any

from .programs import DeployError


def require(region: str, names: list[str]) -> None:
    """Check that parameters exist.

    Parameters
    ----------
    region : str
        AWS's.
    names : list of str
        Their full names.

    Raises
    ------
    DeployError
        Some are missing, or AWS cannot be asked.
    """
    missing = missing_of(region, names)
    if missing:
        raise DeployError(
            f"Parameter Store in {region}: no {', '.join(missing)}; put each there: "
            f"aws ssm put-parameter --type SecureString --name {missing[0]} "
            "--value file://FILE"
        )


def missing_of(region: str, names: list[str]) -> list[str]:
    """Return which of the parameters there are not; their values are not read.

    Raises
    ------
    DeployError
        AWS cannot be asked.
    """
    found = call(
        "ssm",
        region,
        "describe_parameters",
        ParameterFilters=[{"Key": "Name", "Option": "Equals", "Values": names}],
    )
    there = {one["Name"] for one in found["Parameters"]}
    return [name for name in names if name not in there]


def call(service: str, region: str, operation: str, **query: Any) -> dict[str, Any]:
    """Ask AWS something, and say in a sentence why it does not answer.

    Parameters
    ----------
    service, operation : str
        As boto3 names them.
    region : str
        AWS's.
    **query
        Of the operation.

    Raises
    ------
    DeployError
        boto3 is not installed, or AWS refuses or does not answer.
    """
    try:
        import boto3
        from botocore.exceptions import BotoCoreError, ClientError
        from botocore.parsers import ResponseParserError
    except ImportError:
        raise DeployError(
            "AWS: boto3 is not installed; pip install 'archive-hub[operate]'"
        ) from None
    try:
        client = boto3.client(service, region_name=region)
        answer: dict[str, Any] = getattr(client, operation)(**query)
    except ClientError as error:
        raise DeployError(_refused(service, operation, error.response)) from None
    except (BotoCoreError, ResponseParserError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise DeployError(
            f"AWS {service} in {region!r}: {reason}; log in to AWS, and look at the "
            "region in hub.toml"
        ) from None
    return answer


def _refused(service: str, operation: str, response: dict[str, Any]) -> str:
    code = response["Error"]["Code"]
    if "Expired" in code or "InvalidClientToken" in code or "Unrecognized" in code:
        return f"AWS: {code}: your credentials ended or are wrong; log in again"
    if "Denied" in code or "Unauthorized" in code:
        return (
            f"AWS: {code}: you may not {service}:{operation}; take the role of "
            "`admin_role_arns`"
        )
    said = " ".join(str(response["Error"].get("Message", "")).split())
    return f"AWS {service} {operation}: {code}: {said[:200]}"
