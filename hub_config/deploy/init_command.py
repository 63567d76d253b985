"""``archive-hub init``: what a hub needs, whether it is there, where it shall be."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer

from .. import render
from ..operate.quota import Demand
from ..settings import Hub, SettingsError, load
from .checkout import here
from .declare import declare
from .needs import LIST, Answer, Checks
from .vars import faults

WORDS = {True: "yes", False: "NO", None: "?"}
_ENV = re.compile(r"[a-z][a-z0-9-]{1,14}")


def init(
    environment: Annotated[str, typer.Argument(metavar="ENV", help="Its name.")],
    host: Annotated[str, typer.Option(help="Where people shall find it.")] = "",
    region: Annotated[str, typer.Option(help="AWS region; the archive's own.")] = "",
    people: Annotated[int, typer.Option(min=1, help="People at once.")] = 20,
    gpu: Annotated[int, typer.Option(min=0, help="People on a GPU at once.")] = 2,
    github: Annotated[str, typer.Option(hidden=True)] = "https://github.com",
) -> None:
    """Say what must be had, check it, and write the environment into hub.toml.

    Run it as often as you like; 0 all is there, 1 something is not, 2 could not ask.
    """
    root = here()
    typer.echo("What a hub needs, and how long each takes:\n")
    for what, takes, how in LIST:
        typer.echo(f"  {takes:8} {what}: {how}")
    if not _ENV.fullmatch(environment):
        raise SettingsError(
            f"init: {environment!r} is no name of an environment: 2 to 15 lower-case "
            "letters, digits and hyphens"
        )
    file = root / "hub_config" / "hub.toml"
    hub = load(file)
    host, region = _wanted(hub, environment, host, region)
    checks = Checks(hub, environment, host, region, Demand(people, gpu), github)
    typer.echo(f"\nIs it there, for {environment} at {host} in {region}?\n")
    answers = checks.run()
    answers.append(_variables(root, environment, checks))
    for one in answers:
        typer.echo(f"  {WORDS[one.ok]:4} {one.name}: {one.detail}")
    if any(one.name == "region" and one.ok is False for one in answers):
        typer.echo("\nhub.toml: not written: correct the region first")
        raise typer.Exit(1)
    _write(root, environment, checks)
    _say_next(root, environment, checks)
    raise typer.Exit(_code(answers))


def _wanted(hub: Hub, name: str, host: str, region: str) -> tuple[str, str]:
    place = hub.environments.get(name)
    host = host or (place.host if place else "")
    if not host:
        raise SettingsError(
            f"init: {name!r} is not in hub.toml yet; say where people shall find it "
            "with --host hub.example.org"
        )
    archive = next(iter(hub.archives.values()))
    return host.lower(), region or (place.region if place else archive.region)


def _variables(root: Path, name: str, checks: Checks) -> Answer:
    file = root / "terraform" / "live" / name / "terraform.tfvars"
    if not file.is_file():
        told = f"no {file.relative_to(root)}; copy the folder of staging, and edit it"
        return Answer("terraform.tfvars", False, told)
    found = faults(file.read_text("utf-8"), checks.account, checks.zone, checks.region)
    return Answer("terraform.tfvars", not found, "; ".join(found) or "fits")


def _write(root: Path, name: str, checks: Checks) -> None:
    values = {"host": checks.host, "region": checks.region}
    if checks.account:
        values["registry"] = (
            f"{checks.account}.dkr.ecr.{checks.region}.amazonaws.com/archive-hub-{name}"
        )
    elif name not in load(root / "hub_config" / "hub.toml").environments:
        # Corrected when AWS has said which account this is.
        values["registry"] = "localhost"
    file = root / "hub_config" / "hub.toml"
    changed = declare(file, name, **values)
    typer.echo(f"\nhub.toml: {'written' if changed else 'as it was'}")
    for written in render.write(load(file), root):
        typer.echo(f"wrote {written}")


def _say_next(root: Path, name: str, checks: Checks) -> None:
    typer.echo(
        f"\nNext: terraform/live/{name}/terraform.tfvars, with\n"
        f'  account_id = "{checks.account or "the account"}"\n'
        f'  zone_name  = "{checks.zone or "the DNS zone"}"\n'
        f'  admin_role_arns = {{ operator = "{_role(checks.role)}" }}\n'
        "then docs/tutorial/first-hub.md, step 3."
    )


def _role(arn: str) -> str:
    """Return the role behind an assumed one, as far as its name tells."""
    found = re.fullmatch(r"arn:(\S+):sts::(\d+):assumed-role/([^/]+)/.*", arn)
    return f"arn:{found[1]}:iam::{found[2]}:role/{found[3]}" if found else arn


def _code(answers: list[Answer]) -> int:
    if any(one.ok is False for one in answers):
        return 1
    return 2 if any(one.ok is None for one in answers) else 0
