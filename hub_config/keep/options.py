"""What the commands of this package share: which hub, and running there."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from .place import KeepError, Place

StateOption = Annotated[
    Path, typer.Option("--state", help="Folder of one-machine mode.")
]
NamespaceOption = Annotated[
    str, typer.Option("--namespace", help="The cluster's hub instead, by kubectl.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="For programs.")]
DEFAULT_STATE = Path(".local")


def say(line: str) -> None:
    """Tell the operator how it goes."""
    typer.echo(line, err=True)


def place_of(state: Path, namespace: str) -> Place:
    """Return the hub that the options name; in the hub's pod, that one."""
    if namespace:
        return Place.of_cluster(namespace)
    in_pod = Place.of_pod()
    if state == DEFAULT_STATE and Path(in_pod.database).exists():
        return in_pod
    if not state.is_dir():
        raise KeepError(
            f"state {str(state)!r}: no such folder; say where it is with --state DIR"
        )
    return Place.of_state(state)


def there(place: Place, *words: str) -> NoReturn:
    """Run a command of this program where the hub is, and end as it ends."""
    done = subprocess.run([*place.prefix, "archive-hub", *words], check=False)
    raise typer.Exit(done.returncode)
