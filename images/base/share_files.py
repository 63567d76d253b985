"""Lets a second environment use the first one's large files.

``share_files.py FIRST SECOND`` takes the prefixes of both.

Both kernels hold the same versions of pyarrow, llvmlite, SciPy and others.  A file of
the second that is, byte for byte, at the same place in the first becomes a link to it,
within the layer that installs it, so its copy never gets into the image.
"""

import filecmp
import os
import sys
from pathlib import Path

# Below this a link saves nothing worth a look at the other environment.
LARGE_BYTES = 32 * 1024


def share(first: Path, second: Path) -> int:
    """Replace large files of `second` that `first` has at the same place.

    Parameters
    ----------
    first, second
        Folders of packages; `first` must stay where it is.

    Returns
    -------
    int
        Bytes saved.
    """
    saved = 0
    for file in sorted(second.rglob("*")):
        if file.is_symlink() or not file.is_file():
            continue
        size = file.stat().st_size
        twin = first / file.relative_to(second)
        if size < LARGE_BYTES or not twin.is_file():
            continue
        if filecmp.cmp(file, twin, shallow=False):
            link = file.with_name(f".{file.name}.link")
            link.symlink_to(twin)
            os.replace(link, file)
            saved += size
    return saved


def main() -> None:
    """Share between the environments named on the command line."""
    first, second = (packages(Path(prefix)) for prefix in sys.argv[1:])
    sys.stdout.write(f"{share(first, second) / 1e6:.0f} MB shared\n")


def packages(prefix: Path) -> Path:
    """Return the folder of an environment's packages."""
    return next(prefix.glob("lib/python3.*/site-packages"))


if __name__ == "__main__":
    main()
