"""What the unmodified part does: it runs beside ours and must break the promise."""

from __future__ import annotations

from typing import Any

import pytest


def stock(value: object, reason: str, raises: type[Exception] = AssertionError) -> Any:
    """Return a parameter that is expected to fail, and fails the run if it does not."""
    mark = pytest.mark.xfail(reason=f"stock: {reason}", raises=raises, strict=True)
    return pytest.param(value, id="stock", marks=mark)
