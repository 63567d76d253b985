"""Rules about a deployment's meaning, which no schema knows.

`examine` reads Helm values, of this hub or of anybody's, and returns findings; `RULES`
has each rule with its reason.  Adding one is adding a function to its concern's file.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ..settings import Hub
from . import access, dask, lifetime, network, profiles, servers, supply
from .deployment import Deployment
from .findings import RULES, Finding, Rule
from .reading import UNKNOWN_KEY, UNREADABLE, read

__all__ = ["RULES", "Finding", "Rule", "examine", "explain", "reference"]

CONCERNS = (profiles, servers, network, lifetime, supply, access, dask)
FILE_RULES = {
    UNREADABLE: Rule(
        UNREADABLE, "Let each file be readable YAML", "", lambda _: iter(())
    ),
    UNKNOWN_KEY: Rule(
        UNKNOWN_KEY,
        "Use only keys that the charts know",
        "Helm takes a misspelt key without a word and leaves the default in force.\n"
        "Known are the keys of z2jh 4.4.0 and dask-gateway 2026.3.0.",
        lambda _: iter(()),
    ),
}


def examine(files: Sequence[Path], hub: Hub) -> list[Finding]:
    """Check values files, taken together as Helm takes them.

    Parameters
    ----------
    files : sequence of Path
        Values of z2jh, of dask-gateway or of a chart above them; later ones win.
    hub : Hub
        Settings that say which images are built and which machines a pool has.

    Returns
    -------
    list of Finding
        Sorted by file and key; empty when there is nothing to say.
    """
    findings: list[Finding] = []
    sources = []
    for file in files:
        source, faults = read(file)
        findings += faults
        if source is not None:
            sources.append(source)
    if sources:
        deployment = Deployment(sources, hub)
        for one in RULES.values():
            findings += one.findings(deployment)
    return sorted(set(findings))


def all_rules() -> dict[str, Rule]:
    """Return every rule by its code, those about the files themselves included."""
    return dict(sorted((FILE_RULES | RULES).items()))


def explain(code: str) -> str | None:
    """Return what a rule asks for and why, or None where there is no such rule."""
    found = all_rules().get(code.upper())
    return f"{found.code}: {found.title}.\n\n{found.explanation}" if found else None


def reference() -> str:
    """Return the Markdown list of rules, for ``docs/reference/check.md``."""
    rules = [f"## {r.code}: {r.title}\n\n{r.explanation}" for r in all_rules().values()]
    return "\n\n".join(["# Rules of `archive-hub check`", *rules]) + "\n"
