"""``archive-hub check``: what the rules have against a deployment."""

from __future__ import annotations

import json
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from ..settings import load
from . import all_rules, examine, explain

CHART = Path(__file__).resolve().parents[2] / "helm" / "hub"
OURS = ("values.yaml", "values.generated.yaml")
FOUND, NO_ANSWER = 1, 2


class Format(StrEnum):
    """How findings are printed."""

    text = "text"
    json = "json"


def check(
    values: Annotated[
        list[Path] | None,
        typer.Argument(help="Helm values of z2jh or dask-gateway; later files win."),
    ] = None,
    format: Annotated[
        Format, typer.Option(help="How findings are printed.")
    ] = Format.text,
    explain_code: Annotated[
        str | None, typer.Option("--explain", metavar="CODE", help="Say why a rule is.")
    ] = None,
) -> None:
    """Check what no schema knows: ours, or anybody's z2jh values.

    Exit status: 0 nothing found, 1 findings, 2 the question cannot be answered.
    """
    if explain_code is not None:
        _explain(explain_code)
        return
    files = values or [CHART / name for name in OURS]
    if not values and not files[0].is_file():
        typer.echo("no chart beside this package; name values files", err=True)
        raise typer.Exit(NO_ANSWER)
    findings = examine(files, load())
    if format is Format.json:
        typer.echo(json.dumps([asdict(finding) for finding in findings], indent=2))
    else:
        for finding in findings:
            typer.echo(f"{finding} [{finding.code}]")
    raise typer.Exit(FOUND if findings else 0)


def _explain(code: str) -> None:
    text = explain(code)
    if text is None:
        known = ", ".join(all_rules())
        typer.echo(f"no rule {code!r}; there are {known}", err=True)
        raise typer.Exit(NO_ANSWER)
    typer.echo(text)
