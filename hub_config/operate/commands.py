"""``archive-hub cost`` and ``archive-hub quota``."""

from __future__ import annotations

import json
import math
from datetime import date
from typing import Annotated

import typer
from rich.console import Console

from ..settings import Hub, SettingsError, load
from ..tables import Environment
from . import cost as arithmetic
from . import quota as quotas
from . import report


def _hours(text: str) -> float:
    try:
        hours = float(text)
    except ValueError:
        hours = math.nan
    if not (math.isfinite(hours) and hours >= 0):
        raise typer.BadParameter(f"must be a number of hours, 0 or more, got {text!r}")
    return hours


def _hours_option(about: str) -> typer.models.OptionInfo:
    option: typer.models.OptionInfo = typer.Option(
        parser=_hours, metavar="HOURS", help=about
    )
    return option


JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def cost(
    people: Annotated[int, typer.Option(min=0, help="People in a month.")] = 60,
    hours: Annotated[float, _hours_option("Of each person, in a month.")] = 30,
    worker_hours: Annotated[float, _hours_option("Of each one's Dask workers.")] = 25,
    class_people: Annotated[int, typer.Option(min=1, help="People in a class.")] = 100,
    class_hours: Annotated[float, _hours_option("Of the class.")] = 8,
    as_json: JsonOption = False,
) -> None:
    """Say what the hub costs: standing, by the hour, a month, a class, at worst."""
    use = report.Use(people, hours, worker_hours, class_people, class_hours)
    made = report.report(load(), use, date.today())
    if as_json:
        typer.echo(json.dumps(report.as_json(made), indent=2))
        return
    Console(highlight=False).print(report.tables(made))
    errors = Console(stderr=True, highlight=False)
    for warning in made.warnings:
        errors.print(f"warning: {warning}", soft_wrap=True, markup=False)


def quota(
    environment: Annotated[str, typer.Argument(help="Environment in hub.toml.")],
    people: Annotated[int, typer.Option(min=1, help="People at once.")] = 20,
    gpu: Annotated[int, typer.Option(min=0, help="People on a GPU at once.")] = 0,
    workers: Annotated[int, typer.Option(min=0, help="Dask workers at once.")] = 0,
    core_nodes: Annotated[
        int, typer.Option(min=1, help="Core machines, as in terraform.tfvars.")
    ] = arithmetic.PRODUCTION.core_nodes,
    as_json: JsonOption = False,
) -> None:
    """Say whether the account's vCPU and GPU quotas are enough; 1 if not."""
    hub = load()
    place = _environment(hub, environment)
    demand = quotas.Demand(people, gpu, workers)
    needed = quotas.needed_vcpu(hub, demand, core_nodes)
    verdicts = quotas.compare(needed, quotas.client(place.region))
    if as_json:
        plain = [vars(one) | {"is_enough": one.is_enough} for one in verdicts]
        typer.echo(json.dumps(plain, indent=2))
    else:
        for verdict in verdicts:
            typer.echo(str(verdict))
    raise typer.Exit(not all(one.is_enough for one in verdicts))


def _environment(hub: Hub, name: str) -> Environment:
    if name not in hub.environments:
        there = ", ".join(hub.environments) or "none"
        raise SettingsError(
            f"environments: no environment {name!r}; there are {there}; "
            "add it to hub.toml"
        )
    return hub.environments[name]
