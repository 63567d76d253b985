"""Memory and cores as the many tools spell them."""

from __future__ import annotations

import re
from typing import Any

GIB = 2**30
LARGEST = 2.0**80
# To JupyterHub and KubeSpawner "G" is 2**30; "Gi" is Kubernetes' spelling of the same.
FACTORS = {"": 1, "K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}


def gib(value: Any) -> float | None:
    """Return a KubeSpawner memory value in GiB; None where it says none."""
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int | float):
        return min(value, LARGEST) / GIB
    found = re.fullmatch(r"\s*(\d+\.?\d*)\s*([KMGT]?)i?B?\s*", str(value))
    return float(found[1]) * FACTORS[found[2]] / GIB if found else None


def number(value: Any) -> float | None:
    """Return a plain number, also one written as text; None where it is none."""
    return cores(value) if re.fullmatch(r"[\d.]+", str(value)[:40]) else None


def cores(value: Any) -> float | None:
    """Return a CPU value in cores (``500m`` is 0.5); None where it says none."""
    if isinstance(value, bool) or value is None:
        return None
    found = re.fullmatch(r"\s*(\d{1,15}\.?\d*)\s*(m?)\s*", str(value)[:40])
    return float(found[1]) / (1000 if found[2] else 1) if found else None
