"""The command line of a rehearsal."""

from __future__ import annotations

import asyncio
import json
import signal
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import aiohttp
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from ..local.state import Run, State
from ..settings import load
from .people import RehearsalError, Walker, from_file, stand_ins
from .report import as_json, for_people
from .walk import STEPS, Tour, Went, walk_all

MOST_PEOPLE = 300
NOTEBOOK = "01-find.ipynb"
INTERRUPTED = 130


def rehearse(
    url: Annotated[
        str | None, typer.Argument(help="The hub; by default the one on --state.")
    ] = None,
    people: Annotated[
        int, typer.Option(min=1, max=MOST_PEOPLE, help="How many come at once.")
    ] = 5,
    profile: Annotated[
        str, typer.Option(help="Size of their servers; by default the start page's.")
    ] = "",
    tokens: Annotated[
        Path | None,
        typer.Option(help="API tokens of accounts for this, one a line."),
    ] = None,
    state: Annotated[
        Path, typer.Option(help="Folder of the hub on this machine.")
    ] = Path(".local"),
    for_programs: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Let stand-in people walk through the tutorial, all at once, before a class does.

    They log in, accept the terms, start a server, run notebook 01 and stop. Prints how
    long each step took and what failed. The exit code is 0 if all came through, 1 if
    not, 130 after Ctrl-C. Nothing is left running.
    """
    place = State(state)
    tour = Tour(_address(url, place.run()), NOTEBOOK, profile)
    _require_known(profile)
    try:
        went = asyncio.run(_rehearse(tour, place, people, tokens))
    except (KeyboardInterrupt, asyncio.CancelledError):
        typer.echo(
            "rehearse: interrupted; servers were stopped, but for any named above",
            err=True,
        )
        raise typer.Exit(INTERRUPTED) from None
    except aiohttp.ClientError as error:
        raise RehearsalError(
            f"rehearse: the stand-ins do not answer: {error}"
        ) from None
    report = as_json(went, tour.url)
    if for_programs:
        typer.echo(json.dumps(report, indent=1))
    else:
        Console(highlight=False).print(for_people(report))
    raise typer.Exit(report["passed"] < report["people"])


def _address(url: str | None, run: Run | None) -> str:
    if url is None:
        if run is None:
            raise RehearsalError(
                "rehearse: no hub runs on this state; give the hub's URL, or start "
                "one with `make up`"
            )
        return run.url
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise RehearsalError(f"rehearse: {url!r} is no address; want https://HOST")
    return url.rstrip("/").removesuffix("/hub")


def _require_known(profile: str) -> None:
    there = load().profiles
    if profile and profile not in there:
        raise RehearsalError(
            f"rehearse: --profile {profile!r}: no such size; there are "
            f"{', '.join(there)}"
        )


async def _rehearse(
    tour: Tour, state: State, count: int, tokens: Path | None
) -> list[Went]:
    task = asyncio.current_task()
    assert task is not None
    # As Ctrl-C does: what was started is stopped first.
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    if tokens is not None:
        return await _with_progress(from_file(tokens, count), tour)
    run = state.run()
    if run is None or run.github or not _same(run.url, tour.url):
        raise RehearsalError(
            f"rehearse: at {tour.url} people sign in with GitHub, which no program "
            "can do; give --tokens FILE with an API token of one account a line, made "
            f"at {tour.url}/hub/token (docs/howto/teach.md)"
        )
    async with stand_ins(state, run, count) as walkers:
        return await _with_progress(walkers, tour)


def _same(one: str, other: str) -> bool:
    loopback = {"localhost": "127.0.0.1"}
    first, second = urlsplit(one), urlsplit(other)
    hosts = [
        loopback.get(host or "", host) for host in (first.hostname, second.hostname)
    ]
    return hosts[0] == hosts[1] and first.port == second.port


async def _with_progress(walkers: Sequence[Walker], tour: Tour) -> list[Went]:
    """Walk, with a bar for each step on the terminal."""
    failed: Counter[str] = Counter()
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    faults = TextColumn("[red]{task.fields[failed]}")
    console = Console(stderr=True)
    with Progress(*columns, faults, console=console) as shown:
        bars = {
            step: shown.add_task(step, total=len(walkers), failed="") for step in STEPS
        }

        def tell(step: str, went: Went) -> None:
            if step == "stop" and went.left_running:
                console.print(f"{went.who}: its server could not be stopped")
            if went.failed == step:
                failed[step] += 1
                shown.update(bars[step], failed=f"{failed[step]} failed")
            else:
                shown.advance(bars[step])

        return await walk_all(walkers, tour, tell)
