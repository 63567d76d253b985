"""What a rehearsal found: waiting times by step, and what failed for whom."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from rich.console import Group
from rich.table import Table
from rich.text import Text

from .walk import STEPS, Went

_NAMED = 5


def quantile(values: Sequence[float], share: float) -> float:
    """Return the value that `share` of all do not exceed (nearest rank)."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def as_json(all_went: Sequence[Went], url: str) -> dict[str, Any]:
    """Return the report for programs; times are in seconds."""
    return {
        "url": url,
        "people": len(all_went),
        "passed": sum(not went.failed for went in all_went),
        "asked_again": sum(went.asked_again for went in all_went),
        "left_running": [went.who for went in all_went if went.left_running],
        "steps": {step: _of(step, all_went) for step in STEPS},
        "failures": [
            {"who": went.who, "step": went.failed, "why": went.why}
            for went in all_went
            if went.failed
        ],
    }


def _of(step: str, all_went: Sequence[Went]) -> dict[str, Any]:
    took = [went.took_s[step] for went in all_went if went.passed(step)]
    failed = sum(went.failed == step for went in all_went)
    found: dict[str, Any] = {"passed": len(took), "failed": failed}
    if took:
        found |= {
            "p50_s": round(quantile(took, 0.5), 2),
            "p95_s": round(quantile(took, 0.95), 2),
            "slowest_s": round(max(took), 2),
        }
    return found


def for_people(report: dict[str, Any]) -> Group:
    """Return the report as a table and sentences."""
    table = Table("step", "passed", "failed", "half waited", "95 % waited", "slowest")
    for step, found in report["steps"].items():
        waits = [_seconds(found.get(key)) for key in ("p50_s", "p95_s", "slowest_s")]
        table.add_row(step, str(found["passed"]), str(found["failed"] or ""), *waits)
    lines = [f"{report['passed']} of {report['people']} came through."]
    if report["asked_again"]:
        lines.append(
            f"{report['asked_again']} times the hub said that too many start at once; "
            "asked again, it let them in."
        )
    if report["left_running"]:
        names = ", ".join(report["left_running"])
        lines.append(f"Could not be stopped, and may run still: {names}.")
    return Group(table, Text("\n".join([*lines, *_failures(report)])))


def _seconds(value: float | None) -> str:
    return "" if value is None else f"{value:.1f} s"


def _failures(report: dict[str, Any]) -> list[str]:
    """Return one line for each way of failing, with some of those it happened to."""
    alike: dict[tuple[str, str], list[str]] = defaultdict(list)
    for failure in report["failures"]:
        alike[failure["step"], failure["why"]].append(failure["who"])
    lines = []
    for (step, why), people in alike.items():
        more = f" and {len(people) - _NAMED} more" if len(people) > _NAMED else ""
        names = ", ".join(people[:_NAMED])
        lines.append(f"{step}: {why} ({names}{more})")
    return lines
