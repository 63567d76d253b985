"""Secrets by reference: a command is told where a secret lies, never the secret."""

from __future__ import annotations

import os
from pathlib import Path

from .browser import CouldNotAsk


def reveal(reference: str) -> str:
    """Return the secret that lies at `reference`.

    Parameters
    ----------
    reference : str
        ``env:NAME``, ``file:PATH`` or ``ssm:/NAME`` (AWS's Parameter Store).

    Raises
    ------
    CouldNotAsk
        There is none, or it cannot be read.
    """
    kind, _, where = reference.partition(":")
    readers = {"env": _variable, "file": _file, "ssm": _parameter}
    if kind not in readers or not where:
        # It is not repeated: somebody may have given the secret itself.
        raise CouldNotAsk(
            "canary: give a reference: env:NAME, file:PATH or ssm:/NAME, "
            "never the secret itself"
        )
    secret = readers[kind](where).strip()
    if not secret or not secret.isprintable():
        raise CouldNotAsk(f"canary {reference}: is empty, or more than one line")
    return secret


def _variable(name: str) -> str:
    return os.environ.get(name, "")


def _file(path: str) -> str:
    try:
        return Path(path).expanduser().read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not text"
        raise CouldNotAsk(f"canary {path}: {reason}") from None


def _parameter(name: str) -> str:
    try:
        import boto3
        from botocore.exceptions import BotoCoreError, ClientError
    except ImportError:
        raise CouldNotAsk(
            "canary: boto3 is not installed; pip install 'archive-hub[operate]'"
        ) from None
    try:
        store = boto3.client("ssm")
        answer = store.get_parameter(Name=name, WithDecryption=True)
    except ClientError as error:
        code = error.response["Error"]["Code"]
        raise CouldNotAsk(f"canary {name}: AWS answered {code}") from None
    except (BotoCoreError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise CouldNotAsk(f"canary {name}: could not ask AWS: {reason}") from None
    return str(answer["Parameter"]["Value"])
