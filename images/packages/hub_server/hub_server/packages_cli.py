"""The command ``archive-env``: looks at a person's own packages, and undoes them."""

import argparse
import os
import shutil
import sys
from pathlib import Path

from hub_server.conflicts import conflicts, installed
from hub_server.packages import env_dir, make, site_dir


def show(env: Path, base: Path) -> int:
    """Print the person's packages; return 1 when one breaks a package of the image."""
    mine = installed(site_dir(env))
    for package in mine.values():
        _say(f"{package.metadata['Name']}=={package.version}")
    if not mine:
        _say(f"no packages of yours in {env}")
    broken = conflicts(mine, installed(site_dir(base)))
    for sentence in broken:
        _say(sentence)
    return 1 if broken else 0


def reset(env: Path, base: Path) -> int:
    """Remove the person's packages, having printed what they were."""
    mine = installed(site_dir(env))
    for package in mine.values():
        _say(f"removed {package.metadata['Name']}=={package.version}")
    if env.exists():
        shutil.rmtree(env)
    make(env, base)
    _say(f"{len(mine)} packages removed from {env}; restart your kernels")
    return 0


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(
        prog="archive-env",
        description="Your own packages, for this version of the image.",
    )
    parser.add_argument(
        "what",
        nargs="?",
        default="list",
        choices=["list", "reset"],
        help="list: what you installed, and what it breaks; reset: remove all of it",
    )
    run = {"list": show, "reset": reset}[parser.parse_args().what]
    try:
        sys.exit(run(env_dir(os.environ), Path(sys.prefix)))
    except OSError as error:
        sys.exit(f"archive-env: {error}")
