"""Values files into sources; what cannot be read is a finding like any other."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from .deployment import CHARTS, Source, dotted
from .findings import Finding

UNREADABLE, UNKNOWN_KEY = "Y1", "Y2"
KEYS: dict[str, Any] = json.loads(Path(__file__).with_name("keys.json").read_text())
# Keys that only one of the two charts has, at the top.
DASK_ONLY = frozenset(KEYS["dask-gateway"]) - frozenset(KEYS["jupyterhub"])


class _Loader(yaml.SafeLoader):
    """YAML that does not let the second of two equal keys win silently."""


def _mapping(loader: _Loader, node: yaml.MappingNode) -> dict[str, Any]:
    # Before merge keys (<<) are resolved: what they bring may be overridden.
    seen: set[Any] = set()
    for key_node, _ in node.value:
        key = key_node.value if isinstance(key_node, yaml.ScalarNode) else None
        if key is None:
            raise _fault(key_node, "a key is not a word")
        if key in seen:
            raise _fault(key_node, f"key {key!r} stands twice")
        seen.add(key)
    loader.flatten_mapping(node)
    return {str(k): v for k, v in loader.construct_mapping(node, deep=True).items()}


def _fault(node: yaml.Node, problem: str) -> yaml.MarkedYAMLError:
    return yaml.MarkedYAMLError(problem=problem, problem_mark=node.start_mark)


_Loader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)


def read(path: Path) -> tuple[Source | None, list[Finding]]:
    """Read one values file.

    Parameters
    ----------
    path : Path
        Values of z2jh, of dask-gateway, or of a chart that has both as dependencies.

    Returns
    -------
    tuple
        The source, or None where it cannot be read, and what is wrong with it as text.
    """
    try:
        values = yaml.load(path.read_text(encoding="utf-8"), _Loader)
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not UTF-8"
        return None, [_unreadable(path, f"{reason}; name a file of Helm values")]
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        return None, [_unreadable(path, f"not YAML: {_one_line(error)}; mend it")]
    if values is None:
        values = {}
    if not isinstance(values, dict):
        kind = type(values).__name__
        return None, [_unreadable(path, f"holds a {kind}, not keys and values")]
    source = Source(str(path), values, _chart(values))
    return source, [*_no_tables(source), *_unknown_keys(source)]


def _no_tables(source: Source) -> Iterator[Finding]:
    """Say where a chart's values are none; then nothing else is said about it."""
    for chart in CHARTS:
        if chart in source.values and not isinstance(source.values[chart], dict):
            kind = type(source.values[chart]).__name__
            text = f"holds a {kind}, not keys and values; mend it"
            yield Finding(source.name, chart, UNREADABLE, text)


def _chart(values: dict[str, Any]) -> str | None:
    if any(chart in values for chart in CHARTS):
        return None
    return "dask-gateway" if DASK_ONLY & values.keys() else "jupyterhub"


def _unknown_keys(source: Source) -> Iterator[Finding]:
    charts = [source.inside] if source.inside else CHARTS
    for chart in charts:
        values = source.values if source.inside else source.values.get(chart)
        prefix = () if source.inside else (chart,)
        for path, known in _unknown(values, KEYS[chart], prefix):
            near = ", ".join(sorted(known))
            text = f"no such key; the chart ignores it or refuses it; there are {near}"
            yield Finding(source.name, dotted(path), UNKNOWN_KEY, text)


def _unknown(
    values: Any, known: dict[str, Any], at: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], set[str]]]:
    if not isinstance(values, dict):
        return
    for key, value in values.items():
        if key not in known and "*" not in known:
            yield (*at, key), set(known)
        elif isinstance(known.get(key), dict):
            yield from _unknown(value, known[key], (*at, key))


def _unreadable(path: Path, text: str) -> Finding:
    return Finding(str(path), "", UNREADABLE, text)


def _one_line(error: Exception) -> str:
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark:
        mark = error.problem_mark
        return f"line {mark.line + 1}, column {mark.column + 1}: {error.problem}"
    return " ".join(str(error).split())
