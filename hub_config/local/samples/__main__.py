"""Make the sample archive: ``python -m hub_config.local.samples DEST``."""

from __future__ import annotations

import sys
from pathlib import Path

from hub_config.local.samples.shelf import Shelf


def main() -> int:
    """Run as a program."""
    if len(sys.argv) != 2:
        sys.stderr.write("usage: python -m hub_config.local.samples DEST\n")
        return 2
    shelf = Shelf(Path(sys.argv[1]).absolute())
    if shelf.is_complete:
        return 0
    # Importing pynwb and dandi takes seconds, which a second run need not spend.
    from hub_config.local.samples.making import make

    made = make(shelf)
    sys.stderr.write(f"sample archive: {made} assets made\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
