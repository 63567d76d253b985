"""What a rule is, what it finds, and the registry of all rules."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from .deployment import Deployment, Path

# Where, and what is wrong; what to do.
Fault = tuple[Path, str]
Function = Callable[[Deployment], Iterator[Fault]]


@dataclass(frozen=True, order=True)
class Finding:
    """One fault of a deployment.

    `file` is the one that says so (the last where several do), `path` the dotted key in
    it, `text` one sentence: what is wrong; what to do.
    """

    file: str
    path: str
    code: str
    text: str

    def __str__(self) -> str:
        return ": ".join(filter(None, (self.file, self.path, self.text)))


@dataclass(frozen=True)
class Rule:
    """A check that no schema makes, with its reason."""

    code: str
    title: str
    explanation: str
    function: Function

    def findings(self, deployment: Deployment) -> Iterator[Finding]:
        """Yield what this rule has against `deployment`."""
        for path, text in self.function(deployment):
            file, key = deployment.place(path)
            yield Finding(file, key, self.code, text)


RULES: dict[str, Rule] = {}


def rule(code: str) -> Callable[[Function], Function]:
    """Register a function as a rule.

    Its docstring's first line is the title, what to do; the rest says why.

    Parameters
    ----------
    code : str
        A letter for the concern and a number, never used again for another rule.
    """

    def register(function: Function) -> Function:
        title, _, why = (inspect.getdoc(function) or "").partition("\n\n")
        RULES[code] = Rule(code, title.rstrip("."), why, function)
        return function

    return register
