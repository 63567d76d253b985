"""``archive-hub deploy``, ``upgrade``, ``rollback`` and ``destroy``."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Annotated

import typer

from .. import render
from ..settings import Hub, load
from ..visit.browser import Visitor
from ..visit.command import ends_tidily, say_step
from ..visit.health import Account, Check, exit_code
from . import cluster, helm, inventory, rollout
from . import destroy as ending
from .checkout import here
from .keeping import Keeper
from .kept import Kept
from .plan import Plan, make
from .programs import DeployError
from .releases import HUB, Target, releases, target

EnvArgument = Annotated[str, typer.Argument(metavar="ENV", help="As in hub.toml.")]
PlanOption = Annotated[
    bool, typer.Option("--plan", help="Only say what would change, and who is hit.")
]
YesOption = Annotated[bool, typer.Option("--yes", help="Do not ask.")]
WithOption = Annotated[
    list[str] | None,
    typer.Option("--with", help="An optional release to install; again for more."),
]
UrlOption = Annotated[
    str, typer.Option(help="Where to check the hub, if not at its host.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="The plan as JSON.")]
CANARY = "ARCHIVE_HUB_CANARY"


def keeper() -> Keeper:
    """Return who copies databases and homes."""
    return Kept()


def deploy(
    environment: EnvArgument,
    plan: PlanOption = False,
    yes: YesOption = False,
    optional: WithOption = None,
    url: UrlOption = "",
    as_json: JsonOption = False,
) -> None:
    """Bring a cluster to what this checkout says, then check its health.

    What is done already is left alone, so an interrupted deploy is run again.
    """
    hub, where = _here(environment)
    made = make(where, hub, render.stale, optional or (), dirty=plan)
    typer.echo(
        json.dumps(made.as_json(), indent=1) if as_json else "\n".join(made.lines())
    )
    if plan:
        return
    if not made.is_empty:
        _consent(made, yes)
        rollout.carry_out(made, keeper(), _copies(where), _say)
    _check(where, url)


def upgrade(
    environment: EnvArgument,
    yes: YesOption = False,
    url: UrlOption = "",
) -> None:
    """Deploy a new version: copy the hub's databases first, whatever changes."""
    hub, where = _here(environment)
    made = make(where, hub, render.stale)
    typer.echo("\n".join(made.lines()))
    if made.is_empty:
        return
    _consent(made, yes)
    if not any(item.replaces_hub for item in made.items):
        # Else the deployment does it itself, just before.
        rollout.copy(keeper(), _copies(where), _say)
    rollout.carry_out(made, keeper(), _copies(where), _say)
    typer.echo(f"Back again: archive-hub rollback {environment}")
    _check(where, url)


def rollback(
    environment: EnvArgument,
    yes: YesOption = False,
    url: UrlOption = "",
) -> None:
    """Put the hub back to the revision before, then check its health."""
    hub, where = _here(environment)
    outputs = cluster.outputs(where)
    cluster.require_ours(where, outputs)
    release = next(one for one in releases(where, hub, outputs, "") if one.name == HUB)
    revision = rollout.before(release)
    now = helm.state(release)
    typer.echo(f"The hub goes from revision {now.revision} back to {revision}.")
    if not yes and not typer.confirm("Go on?"):
        raise typer.Exit(1)
    rollout.copy(keeper(), _copies(where), _say)
    helm.rollback(release, revision)
    typer.echo("It is back.")
    _check(where, url)


def destroy(
    environment: EnvArgument,
    without_homes: Annotated[
        bool, typer.Option("--without-homes", help="Copy nobody's files out first.")
    ] = False,
    confirm: Annotated[
        str, typer.Option(metavar="ENV", help="The name once more, for scripts.")
    ] = "",
) -> None:
    """End an environment: copy the homes out, take all away, list what is left.

    Run again after an interrupt, it goes on.  The disk of the homes stays in AWS.
    """
    hub, where = _here(environment)
    loss = ending.weigh(where, lambda outputs: releases(where, hub, outputs, ""))
    typer.echo("\n".join(loss.lines(where)))
    typed = confirm or typer.prompt(f"Type {environment} to end it")
    if typed != environment:
        raise DeployError(f"destroy: {typed!r} is not {environment!r}; nothing changed")
    if loss.has_cluster:
        if any(one.name == HUB for one in loss.releases) and not without_homes:
            copied = keeper().everything(HUB, _copies(where), _say)
            typer.echo(f"copied homes and databases: {copied}")
        ending.empty_cluster(loss, _say)
        left = inventory.in_cluster(loss.every)
        if left:
            raise DeployError(f"destroy: still there: {', '.join(left)}; run it again")
    if where.place:
        _end_cloud(where, loss)
    typer.echo(f"Nothing of {environment} is left.")


def _end_cloud(where: Target, loss: ending.Loss) -> None:
    if loss.resources:
        ending.end_cloud(where, loss.resources, _say)
    found = inventory.in_cloud(where)
    for arn in found.kept:
        typer.echo(f"kept, it holds homes: {arn}; see docs/howto/take-down.md")
    if found.what:
        listed = "\n  ".join(found.what)
        typer.echo(f"still tagged hub={where.tag}:\n  {listed}", err=True)
        raise typer.Exit(1)


def _here(environment: str) -> tuple[Hub, Target]:
    """Return the settings of the checkout one stands in, and where it goes."""
    root = here()
    hub = load(root / "hub_config" / "hub.toml")
    return hub, target(hub, environment, root)


def _copies(where: Target) -> Path:
    """Return where copies of this environment are kept; git does not take them."""
    return where.root / "backups" / where.name


def _consent(made: Plan, yes: bool) -> None:
    if not yes and not typer.confirm("Go on?"):
        raise typer.Exit(1)


def _say(line: str) -> None:
    typer.echo(line)


def _check(where: Target, url: str) -> None:
    """Use the hub as a person does; end with the verdict of that."""
    address = url or where.url
    if not address:
        typer.echo("health: this cluster has no public address; check it with --url")
        return
    typer.echo(f"health of {address}:")
    with Visitor(address.rstrip("/")) as visitor, ends_tidily():
        account = Account(reference=os.environ.get(CANARY, ""))
        code = exit_code(Check(visitor, account, say_step).run())
    if code == 2:
        typer.echo("It is deployed; whether it is well, nobody could be asked.")
    elif code == 1:
        typer.echo(f"It is deployed and not well; archive-hub rollback {where.name}")
    raise typer.Exit(code)
