"""``archive-hub local``: the hub on one machine."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.panel import Panel

from ..settings import load
from . import launcher, limits
from .add import add_command
from .machine import Machine
from .standins.people import People
from .standins.services import archive_url, storage_url
from .state import Run, State, StateError

app = typer.Typer(no_args_is_help=True, help=__doc__)
app.command("add")(add_command)
console = Console(stderr=True, highlight=False)

StateOption = Annotated[
    Path, typer.Option("--state", help="Folder that keeps everything.")
]
DEFAULT_STATE = Path(".local")


def _say(line: str) -> None:
    console.print(line)


@app.command()
def up(
    state: StateOption = DEFAULT_STATE,
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port for the browser; 0: a free one.")
    ] = 8000,
    latency_ms: Annotated[
        float, typer.Option(min=0, help="Delay of each S3 request, as if far away.")
    ] = 0,
    github: Annotated[
        bool,
        typer.Option(
            "--github",
            help="Real GitHub and archive; needs GITHUB_CLIENT_ID and _SECRET.",
        ),
    ] = False,
) -> None:
    """Start the hub and keep it running until Ctrl-C."""
    if github:
        launcher.require_real_credentials(load())
    place = State(state)
    place.make()
    launcher.prepare(_say)
    launcher.bring_samples(place, _say)
    _say("Starting the hub …")
    launcher.up(place, port, latency_ms, github, lambda run: _banner(place, run))
    _say("Stopped.")


@app.command()
def down(state: StateOption = DEFAULT_STATE) -> None:
    """Stop the hub; servers and clusters end with it, files stay."""
    _say("Stopped." if launcher.down(State(state)) else "No hub runs on this state.")


@app.command()
def status(
    state: StateOption = DEFAULT_STATE,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Say whether the hub runs, where, and who may log in; exit 1 if it does not."""
    place = State(state)
    run = place.run()
    found = describe(place, run) if run else {"running": False}
    if as_json:
        typer.echo(json.dumps(found, indent=1))
    elif run:
        _banner(place, run)
    else:
        _say("No hub runs on this state; start it with `make up`.")
    if not run:
        raise typer.Exit(1)


@app.command()
def prepare() -> None:
    """Make environments, proxy and samples; nothing where they are there already."""
    launcher.prepare(_say)
    launcher.make_sample_archive(_say)


@app.command()
def reset(
    state: StateOption = DEFAULT_STATE,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Delete the state: database, secrets, sample archive **and all homes**."""
    place = State(state)
    if run := place.run():
        raise StateError(
            f"state {place.path}: a hub runs on it at {run.url}; "
            "stop it with `archive-hub local down`"
        )
    if not (place.path / "secrets.json").exists():
        raise StateError(f"state {place.path}: not a state folder; nothing deleted")
    if not yes and not typer.confirm(f"Delete {place.path} and all homes in it?"):
        raise typer.Exit(1)
    shutil.rmtree(place.path)
    _say("Deleted.")


def describe(place: State, run: Run) -> dict[str, Any]:
    """Return what programs want to know of a running hub."""
    limiter = limits.detect()
    machine = Machine.here()
    about: dict[str, Any] = {
        "running": True,
        "healthy": launcher.healthy(run),
        "url": run.url,
        "pid": run.launcher.pid,
        "state": str(place.path),
        "limits": {
            "kind": limiter.kind,
            "meaning": limiter.meaning,
            "cores": machine.cores,
            "memory_bytes": machine.memory_for_one,
        },
    }
    if not run.github:
        about |= {
            "users": [
                {
                    "login": person.login,
                    "number": person.number,
                    "registered": person.status == "APPROVED",
                }
                for person in People(path=place.path / "people.json").on_github()
            ],
            "archive_api": f"{archive_url(run)}/api",
            "s3_endpoint": storage_url(run),
        }
    return about


def _banner(place: State, run: Run) -> None:
    about = describe(place, run)
    lines = [f"[bold]{run.url}[/bold]   open this in a browser"]
    if not run.github:
        registered = [who["login"] for who in about["users"] if who["registered"]]
        others = [who["login"] for who in about["users"] if not who["registered"]]
        lines += [
            f"Sign in as {', '.join(registered)} (registered)",
            f"or see a refusal as {', '.join(others)}",
        ]
    lines += [
        "",
        f"Limits by {about['limits']['kind']}: {about['limits']['meaning']}.",
        "One-machine mode does not keep people's files from each other:",
        "it is for one person, or for people who trust each other.",
        "",
        "Stop with Ctrl-C, or `make down`.",
    ]
    console.print(Panel("\n".join(lines), title="The hub is up", expand=False))
