"""Makes one index in a process of its own: ``python -m archive_data.index.background``.

The folder is its argument; standard input names the blob in JSON.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from ..blob import HttpBlob
from . import store
from .make import make


def main() -> None:
    """Make the index, politely."""
    os.nice(10)
    folder = Path(sys.argv[1])
    task = json.loads(sys.stdin.read())
    blob = HttpBlob(task["url"], int(task["size"]), digest=task["digest"])
    path = folder / (blob.key + store.SUFFIX)
    if not path.exists():
        store.alone(path, lambda: store.put(make(blob), folder))


if __name__ == "__main__":
    main()
