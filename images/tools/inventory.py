"""Writes down what an image holds: ``packages.txt`` for people, CycloneDX for scanners.

``inventory.py OUTPUT [NAME=PREFIX ...]`` runs in the image at the end of its build,
with the environments named; where PREFIX is a JSON file, it is a list of [name,
version].  A change of either file between two versions is what changed for the users.
"""

import json
import subprocess
import sys
from importlib.metadata import distributions
from pathlib import Path

SPECIFICATION = "1.6"


def debian() -> list[tuple[str, str]]:
    """Return (name, version) of Debian's packages."""
    line = ["dpkg-query", "--show", "--showformat", "${Package} ${Version}\n"]
    told = subprocess.run(line, capture_output=True, text=True, check=True).stdout
    return sorted(tuple(row.split(" ", 1)) for row in told.splitlines())


def python(prefix: Path) -> list[tuple[str, str]]:
    """Return (name, version) of the Python packages under a prefix."""
    places = [str(place) for place in prefix.glob("lib/python3.*/site-packages")]
    found = {(p.metadata["Name"], p.version) for p in distributions(path=places)}
    return sorted(found, key=lambda row: row[0].lower())


def entries(place: Path) -> list[tuple[str, str]]:
    """Return (name, version) of an environment, or of a list in a JSON file."""
    if place.is_file():
        return [(name, version) for name, version in json.loads(place.read_text())]
    return python(place)


def sbom(sections: dict[str, list[tuple[str, str]]]) -> dict[str, object]:
    """Return the bill of materials (https://cyclonedx.org/docs/1.6/json/)."""
    components = []
    kinds = {"debian": "deb/debian", "matlab": "generic"}
    for section, rows in sections.items():
        kind = kinds.get(section, "pypi")
        for name, version in rows:
            component = {
                "type": "library",
                "name": name,
                "version": version,
                "purl": f"pkg:{kind}/{name}@{version}",
                "properties": [{"name": "environment", "value": section}],
            }
            components.append(component)
    return {
        "bomFormat": "CycloneDX",
        "specVersion": SPECIFICATION,
        "version": 1,
        "components": components,
    }


def main() -> None:
    """Write both files into the folder named first on the command line."""
    output = Path(sys.argv[1])
    sections = {"debian": debian()}
    for argument in sys.argv[2:]:
        name, prefix = argument.split("=", 1)
        sections[name] = entries(Path(prefix))
    output.mkdir(parents=True, exist_ok=True)
    text = "".join(
        f"{section} {name} {version}\n"
        for section, rows in sections.items()
        for name, version in rows
    )
    (output / "packages.txt").write_text(text)
    (output / "sbom.cdx.json").write_text(json.dumps(sbom(sections), indent=1))


if __name__ == "__main__":
    main()
