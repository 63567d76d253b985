"""Builds the gallery: ``python -m tests.notebooks.gallery EXECUTED GALLERY [PAGE]``.

EXECUTED is what NOTEBOOKS_KEEP kept of a run.  GALLERY gets a page for each notebook,
thumbnails and an index; with PAGE, the table of costs there is written anew.
`make gallery` does all of it.
"""

from __future__ import annotations

import base64
import io
import json
import re
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path
from typing import Any

import jinja2
from PIL import Image

from hub_config.local.environments import user_python
from tests.notebooks.running import COSTS, NOTEBOOKS, profile_of

HERE = Path(__file__).parent
# The tutorial carries the strongest promise; the others are the gallery.
TUTORIAL = ("01", "02", "03", "07", "08", "13")
SIZE = (640, 360)
BEGIN, END = "<!-- costs -->\n", "<!-- end of costs -->\n"


def pictures(notebook: dict[str, Any]) -> list[bytes]:
    """Return the pictures of a notebook."""
    outputs = [out for cell in notebook["cells"] for out in cell.get("outputs", [])]
    found = [out.get("data", {}).get("image/png") for out in outputs]
    return [base64.b64decode("".join(one)) for one in found if one]


def thumbnail(picture: bytes, place: Path) -> None:
    """Write a small copy of a picture, on white."""
    image = Image.open(io.BytesIO(picture)).convert("RGB")
    image.thumbnail(SIZE, Image.Resampling.LANCZOS)
    image.quantize(128, dither=Image.Dither.NONE).save(place, optimize=True)


def about(
    path: Path, notebook: dict[str, Any], not_run: dict[str, Any]
) -> dict[str, Any]:
    """Return what the index says of a notebook."""
    first = " ".join("".join(notebook["cells"][0]["source"]).split())
    told = re.match(r"# (.+?) \*\*You will\*\* (.+?) \*\*Profile\*\*", first)
    assert told, f"{path.name}: has no title, or does not say what you will do"
    return {
        "page": f"{path.stem}.html",
        "title": told[1],
        "will": told[2][0].upper() + told[2][1:],
        "profile": profile_of(path),
        "reason": not_run.get(path.stem, {}).get("reason", ""),
        "picture": None,
    }


def build(executed: Path, gallery: Path) -> list[dict[str, Any]]:
    """Write the pages of all notebooks, their thumbnails and the index."""
    gallery.mkdir(parents=True, exist_ok=True)
    not_run = tomllib.loads((HERE / "not_run.toml").read_text())
    entries, sources = [], []
    for path in sorted(NOTEBOOKS.glob("*.ipynb")):
        copy = executed / path.name
        sources.append(copy if copy.exists() else path)
        notebook = json.loads(sources[-1].read_text())
        entry = about(path, notebook, not_run)
        if found := pictures(notebook):
            entry["picture"] = f"{path.stem}.png"
            thumbnail(found[0], gallery / entry["picture"])
        entries.append(entry)
    convert(sources, gallery)
    page = jinja2.Template((HERE / "gallery.html").read_text(), autoescape=True)
    in_tutorial = [one for one in entries if one["page"].startswith(TUTORIAL)]
    others = [one for one in entries if one not in in_tutorial]
    groups = [("The tutorial", in_tutorial), ("More", others)]
    (gallery / "index.html").write_text(page.render(groups=groups))
    return entries


def convert(sources: list[Path], gallery: Path) -> None:
    """Make a page of each notebook, with its outputs, in the user environment."""
    with tempfile.TemporaryDirectory() as home:
        command = [str(user_python()), "-m", "nbconvert", "--to", "html", "--log-level"]
        command += ["WARN", "--output-dir", str(gallery), *map(str, sources)]
        subprocess.run(command, check=True, env={"HOME": home, "LANG": "C.UTF-8"})


def table(costs: dict[str, dict[str, Any]]) -> str:
    """Return what the notebooks cost, as Markdown."""
    lines = ["| notebook | profile | time (s) | processor (s) | peak memory (MB) |"]
    lines.append("|---|---|---:|---:|---:|")
    for name, one in sorted(costs.items()):
        line = (
            f"| {name} | {one['profile']} | {one['seconds']:.0f} | {one['cpu_s']:.0f}"
        )
        lines.append(f"{line} | {one['peak_bytes'] / 1e6:.0f} |")
    seconds = sum(one["seconds"] for one in costs.values())
    cpu_s = sum(one["cpu_s"] for one in costs.values())
    lines.append(f"| all | | {seconds:.0f} | {cpu_s:.0f} | |")
    return "\n".join(lines) + "\n"


def rewrite(page: str, costs: dict[str, dict[str, Any]]) -> str:
    """Return the page with its table of costs written anew."""
    before, rest = page.split(BEGIN)
    return before + BEGIN + table(costs) + END + rest.split(END)[1]


def main(executed: Path, gallery: Path, page: Path | None = None) -> None:
    """Build the gallery, and write the table."""
    entries = build(executed, gallery)
    shown = sum(entry["picture"] is not None for entry in entries)
    print(f"{gallery / 'index.html'}: {len(entries)} notebooks, {shown} with pictures")
    if page:
        costs = json.loads((executed / COSTS).read_text())
        page.write_text(rewrite(page.read_text(), costs))
        print(f"{page}: {len(costs)} notebooks")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
