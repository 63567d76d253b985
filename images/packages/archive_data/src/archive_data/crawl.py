"""Guesses where a file's metadata lie, to fetch them a level at a time."""

from __future__ import annotations

from .blockfile import BlockFile


def metadata(file: BlockFile) -> None:
    """Fetch the metadata."""
    file.load([(0, min(64 << 10, file.blob.size))])
