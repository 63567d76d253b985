"""Draws what was read, as SVG and PNG; no script runs on the page."""

import base64
import io
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

WIDTH, HEIGHT = 600.0, 90.0
SINGLE_HEIGHT = 240.0
SIDE_MAX = 1024


@dataclass(frozen=True)
class Strip:
    """One column as a line.

    Parameters
    ----------
    label
        What it is.
    paths
        Points of SVG polylines; values that are no numbers part them.
    low, high
        Least and greatest value, as text.
    height
        Of the drawing, in the units of its points.
    """

    label: str
    paths: list[str]
    low: str
    high: str
    height: float


def number(value: float) -> str:
    """Return a number with the digits that a person reads."""
    return f"{value:.4g}"


def strips(values: npt.NDArray[np.float64], column: int) -> list[Strip]:
    """Return a line for each column of `values`, counted from `column`."""
    count = values.shape[1]
    height = SINGLE_HEIGHT if count == 1 else HEIGHT
    return [
        _strip(
            values[:, index], f"column {column + index}" if count > 1 else "", height
        )
        for index in range(count)
    ]


def _strip(line: npt.NDArray[np.float64], label: str, height: float) -> Strip:
    known = line[np.isfinite(line)]
    if not known.size:
        return Strip(label or "no number", [], "", "", height)
    low, high = float(known.min()), float(known.max())
    span = (high - low) or 1.0
    x, y = envelope(line)
    across = x / max(len(line) - 1, 1) * WIDTH
    down = (height - 4) * (1 - (y - low) / span) + 2
    paths = []
    whole = np.isfinite(y)
    for part in np.split(np.arange(len(y)), np.flatnonzero(np.diff(whole)) + 1):
        if len(part) and whole[part[0]]:
            points = zip(across[part], down[part], strict=True)
            paths.append(" ".join(f"{a:.1f},{b:.1f}" for a, b in points))
    return Strip(label, paths, number(low), number(high), height)


def envelope(
    line: npt.NDArray[np.float64],
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return places and values of at most two points for each unit of width.

    Of many values that share a place, the least and the greatest are kept, so that no
    spike is lost.
    """
    bins = int(WIDTH)
    if len(line) <= 2 * bins:
        return np.arange(len(line), dtype=float), line
    edges = np.linspace(0, len(line), bins + 1).astype(int)[:-1]
    lows = np.fmin.reduceat(line, edges)
    highs = np.fmax.reduceat(line, edges)
    y = np.stack([lows, highs], axis=1).ravel()
    return np.repeat(edges.astype(float), 2), y


def picture(image: npt.NDArray[np.generic]) -> str:
    """Return an image as a ``data:`` address of a PNG, stretched to its contrast."""
    values = np.asarray(image)
    step = max(1, -(-max(values.shape[:2]) // SIDE_MAX))
    values = values[::step, ::step]
    if values.dtype != np.uint8 or values.ndim == 2:
        values = _stretched(values.astype(float))
    drawn = Image.fromarray(values)
    out = io.BytesIO()
    drawn.save(out, "PNG")
    return "data:image/png;base64," + base64.b64encode(out.getvalue()).decode()


def _stretched(values: npt.NDArray[np.float64]) -> npt.NDArray[np.uint8]:
    known = values[np.isfinite(values)]
    if not known.size:
        return np.zeros(values.shape, np.uint8)
    low, high = np.percentile(known, [0.5, 99.5])
    if high <= low:
        low, high = float(known.min()), float(known.max())
    scaled = (values - low) / ((high - low) or 1.0)
    return (np.nan_to_num(scaled).clip(0, 1) * 255).astype(np.uint8)
