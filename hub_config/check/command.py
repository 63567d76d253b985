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
BASE = ("values.yaml", "values.generated.yaml")
ENVIRONMENTS = ("production", "staging", "development")
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
    hub = load()
    each = [examine(files, hub) for files in ([values] if values else _ours())]
    findings = sorted({finding for findings in each for finding in findings})
    if format is Format.json:
        typer.echo(json.dumps([asdict(finding) for finding in findings], indent=2))
    else:
        for finding in findings:
            typer.echo(f"{finding} [{finding.code}]")
    raise typer.Exit(FOUND if findings else 0)


def _ours() -> list[list[Path]]:
    """Return the files of each of our environments, in the order that Helm takes."""
    if not (CHART / BASE[0]).is_file():
        typer.echo("no chart beside this package; name values files", err=True)
        raise typer.Exit(NO_ANSWER)
    names = [(*BASE, f"{one}.generated.yaml", f"{one}.yaml") for one in ENVIRONMENTS]
    return [
        [CHART / name for name in chosen if (CHART / name).is_file()]
        for chosen in names
    ]


def _explain(code: str) -> None:
    text = explain(code)
    if text is None:
        known = ", ".join(all_rules())
        typer.echo(f"no rule {code!r}; there are {known}", err=True)
        raise typer.Exit(NO_ANSWER)
    typer.echo(text)
