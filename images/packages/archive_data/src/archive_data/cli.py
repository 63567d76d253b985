"""``archive-data index make|verify|show|export``: indexes by command."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .asset import open_asset
from .errors import ArchiveDataError
from .index import batch
from .index.kinds import Kind, kind_of


def main(arguments: list[str] | None = None) -> int:
    """Run the command; return its exit status."""
    given = _parser().parse_args(arguments)
    run: Callable[[argparse.Namespace], int] = given.run
    try:
        return run(given)
    except ArchiveDataError as error:
        print(f"archive-data: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("archive-data: interrupted; run it again to go on", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="archive-data", description=__doc__)
    index = parser.add_subparsers(required=True, metavar="index").add_parser(
        "index", help="make, check and show the indexes with which files open at once"
    )
    commands = index.add_subparsers(required=True, metavar="COMMAND")
    for name, run, text in (
        ("make", _make, "make the index of an asset, or of each asset of a dandiset"),
        ("verify", _verify, "make it again and compare"),
        ("show", _show, "say what is in it"),
        ("export", _export, "write it as JSON for kerchunk, xarray and zarr"),
    ):
        command = commands.add_parser(name, help=text)
        command.add_argument(
            "reference", help="DANDI:000054/VERSION, an address, a path"
        )
        command.add_argument("path", nargs="?", help="the asset's path in the dandiset")
        command.add_argument("--to", type=Path, help="folder of the indexes, or a file")
        command.set_defaults(run=run)
        if name == "make":
            command.add_argument(
                "--all", action="store_true", help="the whole dandiset"
            )
        if name == "export":
            command.add_argument("--kerchunk", action="store_true", required=True)
    return parser


def _kind(given: argparse.Namespace) -> Kind[Any]:
    return kind_of(open_asset(given.reference, given.path))


def _make(given: argparse.Namespace) -> int:
    if given.all:
        return _make_all(given.reference, given.to)
    if given.to:
        given.to.mkdir(parents=True, exist_ok=True)
    kind = _kind(given)
    index = kind.make()
    print(f"{kind.put(index, given.to)}: {next(kind.lines(index))}")
    return 0


def _make_all(reference: str, folder: Path | None) -> int:
    failed = total = 0
    for step in batch.make_all(reference, folder):
        total = step.of
        if step.error:
            failed += 1
            print(f"\r{step.path}: {step.error}", file=sys.stderr)
        if sys.stderr.isatty():
            bar = "#" * (30 * step.number // step.of)
            text = f"\r[{bar:30}] {step.number}/{step.of} {step.path:.50}"
            print(text, end="", file=sys.stderr)
    print(f"{total - failed} of {total} indexes are there")
    return 1 if failed else 0


def _verify(given: argparse.Namespace) -> int:
    kind = _kind(given)
    index = kind.find(given.to)
    wrong = kind.verify(index)
    for line in wrong:
        print(f"archive-data: {kind.asset.path}: {line}", file=sys.stderr)
    if not wrong:
        print(f"{kind.asset.path}: the index is right; {next(kind.lines(index))}")
    return 1 if wrong else 0


def _show(given: argparse.Namespace) -> int:
    kind = _kind(given)
    first, *others = kind.lines(kind.find(given.to))
    print(f"{kind.asset.path}: {first}")
    for line in others:
        print(f"  {line}")
    return 0


def _export(given: argparse.Namespace) -> int:
    kind = _kind(given)
    print(json.dumps(kind.export(kind.find(given.to))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
