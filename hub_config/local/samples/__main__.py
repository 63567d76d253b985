"""Make the sample archive: ``python -m hub_config.local.samples DEST [DANDISET...]``.

With dandisets named, only theirs are made.
"""

from __future__ import annotations

import sys
from pathlib import Path

from hub_config.local.samples.shelf import Shelf


def main(arguments: list[str]) -> int:
    """Run as a program."""
    if not arguments:
        usage = "python -m hub_config.local.samples DEST [DANDISET...]"
        sys.stderr.write(f"usage: {usage}\n")
        return 2
    shelf = Shelf(Path(arguments[0]).absolute())
    if shelf.is_complete:
        return 0
    # Importing pynwb and dandi takes seconds, which a second run need not spend.
    from hub_config.local.samples.making import make

    made = make(shelf, arguments[1:])
    sys.stderr.write(f"sample archive: {made} assets made\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
