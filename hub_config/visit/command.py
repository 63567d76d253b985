"""``archive-hub health``."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Annotated, Any

import httpx
import typer

from .browser import Visitor
from .health import CANARY, Account, Check, Step, exit_code

WORDS = {True: "ok", False: "FAILED", None: "?"}


def _address(text: str) -> str:
    try:
        url = httpx.URL(text)
    except httpx.InvalidURL as error:
        raise typer.BadParameter(f"is no address: {error}") from None
    if url.scheme not in ("http", "https") or not url.host:
        raise typer.BadParameter(f"must begin with http:// or https://, got {text!r}")
    return text.rstrip("/")


HubAddress = Annotated[
    str, typer.Argument(parser=_address, help="As people type it: https://hub.…")
]


def health(
    url: HubAddress,
    login: Annotated[
        str, typer.Option(help="Whom to be, where a stand-in plays GitHub.")
    ] = CANARY,
    canary: Annotated[
        str,
        typer.Option(
            metavar="REFERENCE",
            help="Where the canary's GitHub session lies: env:NAME, file:PATH, ssm:…",
            envvar="ARCHIVE_HUB_CANARY",
        ),
    ] = "",
    github: Annotated[
        str, typer.Option(help="Host name of GitHub.", hidden=True)
    ] = "github.com",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Use the hub as a person does; 0 healthy, 1 not, 2 could not ask.

    Logs in, starts Tiny, reads from S3, computes on two Dask workers, stops.
    """
    account = Account(login=login, reference=canary, github=github)
    tell = (lambda _: None) if as_json else say_step
    with Visitor(url) as visitor, ends_tidily():
        check = Check(visitor, account, tell)
        check.run()
    code = exit_code(check.steps)
    if as_json:
        steps = [asdict(step) for step in check.steps]
        report = {"url": url, "healthy": _verdict(code), "steps": steps}
        typer.echo(json.dumps(report, indent=1))
    raise typer.Exit(code)


def _verdict(code: int) -> bool | None:
    return {0: True, 1: False}.get(code)


def say_step(step: Step) -> None:
    """Print one step as a line."""
    line = f"{WORDS[step.ok]:6} {step.name:30} {step.took_s:6.1f} s"
    typer.echo(f"{line}  {step.detail}".rstrip())


@contextmanager
def ends_tidily() -> Iterator[None]:
    """Let the end of a terminal or of a scheduler's patience stop what was started."""

    def end(number: int, _: Any) -> None:
        # What is stopping now is not interrupted again.
        for one in before:
            signal.signal(one, signal.SIG_IGN)
        typer.echo("ending: stopping what was started …", err=True)
        raise SystemExit(128 + number)

    signals = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {one: signal.signal(one, end) for one in signals}
    try:
        yield
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)
