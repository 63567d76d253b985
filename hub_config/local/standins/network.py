"""The road between a stand-in and its client: slow, narrow or broken, as asked.

Nothing here knows what is transported. `Network` holds the options (latency,
bandwidth), the faults still to be played and the counters that benchmarks read.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from fnmatch import fnmatchcase
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

NonNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]

STEP_BYTES = 256 * 1024
_MB = 1e6


class _Message(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Options(_Message):
    """How fast the road is; 0 stands for "as fast as it goes".

    Attributes
    ----------
    latency_ms : float
        Wait before the first byte of each answer.
    bandwidth_mb_s : float
        Megabytes (10^6 bytes) a second of all answers together.
    connection_mb_s : float
        The same for each answer by itself: one S3 connection gives about 80.
    """

    latency_ms: NonNegative = 0
    bandwidth_mb_s: NonNegative = 0
    connection_mb_s: NonNegative = 0


class Fault(_Message):
    """Something that goes wrong on purpose.

    Attributes
    ----------
    kind : str
        `slow_down`: 503. `expired`: 403 of a presigned URL. `reset`: closed without an
        answer. `cut`: half the body, then closed. `stall`: half the body, then nothing.
        `whole`: 200 and everything where a range was asked for. `etag`: the object is
        another one than before.
    key : str
        Glob of the keys that it strikes, without the bucket.
    times : int
        How many requests it strikes before it is used up.
    skip : int
        How many matching requests pass first.
    """

    kind: Literal["slow_down", "expired", "reset", "cut", "stall", "whole", "etag"]
    key: str = "*"
    times: Annotated[int, Field(ge=1)] = 1
    skip: Annotated[int, Field(ge=0)] = 0


class Network:
    """Options, faults and counters of one stand-in.

    Parameters
    ----------
    options : Options
        Speed at the start; may be replaced at any time.
    """

    def __init__(self, options: Options | None = None) -> None:
        self.options = options or Options()
        self.counts: Counter[str] = Counter()
        self._faults: list[Fault] = []
        self._in_flight = 0
        self._peak = 0
        self._free_at_s = 0.0

    def add_fault(self, fault: Fault) -> None:
        """Play `fault` once requests match it."""
        self._faults.append(fault)

    def clear_faults(self) -> None:
        """Play no more faults."""
        self._faults.clear()

    def next_fault(self, key: str) -> str | None:
        """Return the kind of the first fault that strikes this request, and use it."""
        for place, fault in enumerate(self._faults):
            if not fnmatchcase(key, fault.key):
                continue
            if fault.skip:
                self._faults[place] = fault.model_copy(update={"skip": fault.skip - 1})
                return None
            if fault.times > 1:
                left = {"times": fault.times - 1}
                self._faults[place] = fault.model_copy(update=left)
            else:
                del self._faults[place]
            return fault.kind
        return None

    def begin(self, kind: str) -> None:
        """Count a request that starts."""
        self.counts["requests"] += 1
        self.counts[kind] += 1
        self._in_flight += 1
        self._peak = max(self._peak, self._in_flight)

    def end(self) -> None:
        """Count a request that is over."""
        self._in_flight -= 1

    def stats(self) -> dict[str, int]:
        """Return the counters: requests by kind, bytes sent, most at one time."""
        return {"requests": 0, "bytes": 0, **self.counts, "peak": self._peak}

    def reset(self) -> None:
        """Set the counters to zero; requests in flight go on."""
        self.counts.clear()
        self._peak = self._in_flight

    async def first_byte(self) -> None:
        """Wait as long as the way there and back takes."""
        if self.options.latency_ms:
            await asyncio.sleep(self.options.latency_ms / 1000)

    async def pace(self, size_bytes: int, began_s: float, sent_bytes: int) -> None:
        """Wait until the next bytes of an answer may leave.

        Parameters
        ----------
        size_bytes : int
            How many are about to leave.
        began_s : float
            When this answer began, on the loop's clock.
        sent_bytes : int
            How many have left before.
        """
        now = asyncio.get_running_loop().time()
        due = now
        if self.options.connection_mb_s:
            due = began_s + (sent_bytes + size_bytes) / (
                self.options.connection_mb_s * _MB
            )
        if self.options.bandwidth_mb_s:
            # One queue for everybody: an answer leaves after those before it.
            self._free_at_s = max(self._free_at_s, now) + size_bytes / (
                self.options.bandwidth_mb_s * _MB
            )
            due = max(due, self._free_at_s)
        if due > now:
            await asyncio.sleep(due - now)
