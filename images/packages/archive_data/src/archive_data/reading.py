"""Reads selections: find the chunks, fetch what is not here, decode as it lands.

Several selections of several arrays of one blob are read in one pass, so that their
ranges are merged and each chunk is fetched and decoded once.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from typing import Any

import numpy as np
import numpy.typing as npt

from . import ahead, limits, pools
from .array import Array, Key
from .cache import decoded
from .disk import disk
from .errors import DamagedChunk
from .filters import Bytes, spare
from .flight import Flight, Piece
from .gate import gate
from .job import Job
from .latch import Latch
from .neighbours import neighbours
from .ranges import PART_MAX_BYTES, Run, merge, part_bytes
from .selection import Axis
from .stats import count

#: Decoded bytes that one decoding task handles, so that all cores have something to do.
_BATCH_BYTES = 2 << 20

#: Stored data of this length arrive in the result itself; shorter ones are kept, since
#: their neighbours may be wanted next.
_DIRECT_BYTES = 1 << 20


def read(array: Array, axes: tuple[Axis, ...]) -> Any:
    """Read one selection."""
    job = Job(array, axes)
    read_all([job])
    return job.result()


def read_all(jobs: Sequence[Job], meanwhile: Callable[[], None] | None = None) -> None:
    """Fill the results of several jobs in one pass.

    Parameters
    ----------
    jobs : sequence of Job
        What is wanted.
    meanwhile : callable, optional
        Done once everything is sent for, before it is waited for.

    Raises
    ------
    ArchiveDataError
        Some of the bytes could not be had, or do not decode.
    """
    work = _Pass(jobs)
    began = time.perf_counter()
    try:
        work.begin()
        for job in jobs:
            if job.walking:
                ahead.look(job.array, job.axes)
        work.paste_what_is_here()
        if meanwhile:
            meanwhile()
        work.latch.wait(0)
        work.forget()
    except BaseException:
        work.cancel()
        raise
    finally:
        count("waited_s", time.perf_counter() - began)


class _Pass:
    def __init__(self, jobs: Sequence[Job]) -> None:
        self.latch = Latch()
        self._flights: list[Flight] = []
        #: Who wants a chunk; they agree on its array.
        self._jobs: dict[Key, list[Job]] = {}
        self._direct: list[tuple[Job, tuple[int, int]]] = []
        self._here: dict[Key, Any] = {}  #: Chunks that need no fetching.
        self._disk = disk()
        self._walks = any(job.walking for job in jobs)
        for job in jobs:
            piece = job.piece()
            large = job.out.nbytes >= _DIRECT_BYTES and self._disk is None
            if piece is not None and large:
                self._direct.append((job, piece))
                continue
            for number in job.numbers.tolist():
                self._jobs.setdefault(job.array.key(number), []).append(job)

    def begin(self) -> None:
        """Look for what is here, and start fetching the rest."""
        gate.resize(neighbours.share())
        for job, (start, stop) in self._direct:
            self._fetch_direct(job, start, stop)
        left = self._without_decoded()
        # Who walks on takes what is here out, to leave its room to what comes next.
        pieces = (ahead.store.take if self._walks else ahead.store.find)(left)
        waiting: dict[Flight, list[tuple[Key, Piece]]] = {}
        for key, piece in pieces.items():
            waiting.setdefault(piece.flight, []).append((key, piece))
        for flight, coming in waiting.items():
            if flight.failed:
                pieces = {k: p for k, p in pieces.items() if p.flight is not flight}
            else:
                count("ahead", len(coming))
                self._expect(flight, coming)
        absent = [key for key in left if key not in pieces]
        self._fetch([key for key in absent if not self._is_on_disk(key)])

    def forget(self) -> None:
        """Let go of results and bytes: what was fetched ahead may outlive this pass."""
        self._flights.clear()
        self._jobs.clear()
        self._here.clear()
        self._direct.clear()

    def cancel(self) -> None:
        """Leave out the requests that are not under way yet."""
        for flight in self._flights:
            flight.cancel()

    def _without_decoded(self) -> list[Key]:
        """Find the chunks that need no fetching; return the others."""
        self._here = decoded.find(self._jobs)
        count("hits", len(self._here))
        left = []
        for key, jobs in self._jobs.items():
            if not jobs[0].array.table.sizes[key[1]]:
                self._here[key] = jobs[0].array.missing()
            elif key not in self._here:
                left.append(key)
        return left

    def paste_what_is_here(self) -> None:
        """Copy the chunks that need no fetching, while others fetch and decode."""
        for key, data in self._here.items():
            jobs, number = self._jobs[key], key[1]
            for job in jobs:
                job.paste(number, data)
            if any(job.passed(number) for job in jobs):
                decoded.take([key])

    def _is_on_disk(self, key: Key) -> bool:
        """Take a chunk from the disk, if one is used and has it."""
        if self._disk is None:
            return False
        array, number = self._jobs[key][0].array, key[1]
        start, stop = array.table.span(number)
        data = self._disk.get(array, number)
        if data is None:
            return False
        count("from_disk")
        flight = Flight(array.blob, Run(start, stop), np.frombuffer(data, np.uint8))
        flight.land()
        self._expect(flight, [(key, Piece(flight, start, stop))])
        return True

    def _fetch_direct(self, job: Job, start: int, stop: int) -> None:
        """Let stored bytes arrive in the result itself."""
        buffer = job.out.reshape(-1).view(np.uint8)
        flight = Flight(job.array.blob, Run(start, stop), buffer)
        self._flights.append(flight)
        self.latch.add(stop - start)

        def landed(future: Future[Bytes]) -> None:
            error = None if future.cancelled() else future.exception()
            self.latch.done(stop - start, error)

        flight.landed.add_done_callback(landed)
        flight.start(part_bytes(stop - start))

    def _fetch(self, wanted: list[Key]) -> None:
        by_blob: dict[int, list[tuple[Key, Array]]] = {}
        for key in wanted:
            array = self._jobs[key][0].array
            by_blob.setdefault(id(array.blob), []).append((key, array))
        for chunks in by_blob.values():
            blob = chunks[0][1].blob
            spans = [array.table.span(number) for (_, number), array in chunks]
            # Who walks on has time: what follows is on its way already.
            least = PART_MAX_BYTES if self._walks else 0
            runs = merge(spans, least)
            size = max(least, part_bytes(sum(run.size for run in runs)))
            room = limits.flight_bytes()
            for run in runs:
                self.latch.wait(max(0, room - run.size))
                flight = Flight(blob, run)
                self._flights.append(flight)
                self._expect(
                    flight,
                    [(chunks[i][0], Piece(flight, *spans[i])) for i in run.members],
                )
                flight.start(size)

    def _expect(self, flight: Flight, pieces: list[tuple[Key, Piece]]) -> None:
        """Decode the pieces when their flight has landed."""
        total = sum(piece.stop - piece.start for _, piece in pieces)
        self.latch.add(total)

        def landed(future: Future[Bytes]) -> None:
            if future.cancelled() or (error := future.exception()):
                self.latch.done(total, None if future.cancelled() else error)
                return
            for batch in _batches(pieces, self._chunk_bytes):
                pools.decoding().submit(self._decode_batch, batch, future.result())
            # They lead back to the flight, and would keep its bytes until the GC.
            pieces.clear()

        flight.landed.add_done_callback(landed)

    def _chunk_bytes(self, key: Key) -> int:
        return self._jobs[key][0].array.layout.chunk_bytes

    def _decode_batch(self, batch: list[tuple[Key, Piece]], buffer: Bytes) -> None:
        total = sum(piece.stop - piece.start for _, piece in batch)
        done = _Done()
        try:
            for key, piece in batch:
                self._decode(key, piece, buffer, done)
        except BaseException as error:
            self.latch.done(total, error)
        else:
            count("decoded", len(batch))
            done.tell_caches()
            self.latch.done(total)

    def _decode(self, key: Key, piece: Piece, buffer: Bytes, done: _Done) -> None:
        jobs, number = self._jobs[key], key[1]
        array = jobs[0].array
        passed = any(job.passed(number) for job in jobs)
        keeps = not passed and any(job.keeps for job in jobs)
        direct = jobs[0].direct(number) if len(jobs) == 1 and not keeps else None
        into = _room(array, direct, keeps)
        try:
            data = array.decode(number, piece.cut(buffer), into)
        except DamagedChunk as error:
            raise DamagedChunk(
                f"{array.blob.name}: chunk {number} at byte {piece.start}: {error}"
            ) from error
        if self._disk is not None and not piece.flight.is_from_disk:
            self._disk.put(array, number, piece.cut(buffer))
        if direct is None or not array.layout.filters:
            for job in jobs:
                job.paste(number, data)
        if passed:
            done.passed.append(key)
        elif keeps:
            done.kept.append((key, data, data.nbytes))
        elif any(job.out.nbytes * 2 < job.array.nbytes for job in jobs):
            done.used_in_part.append((key, piece, piece.stop - piece.start))


class _Done:
    """What becomes of decoded chunks."""

    def __init__(self) -> None:
        #: Who walks forward wants them no more.
        self.passed: list[Key] = []
        self.kept: list[tuple[Key, npt.NDArray[Any], int]] = []
        #: May be wanted again, and are kept as stored.
        self.used_in_part: list[tuple[Key, Piece, int]] = []

    def tell_caches(self) -> None:
        ahead.store.take(self.passed)
        decoded.put(self.kept)
        ahead.store.put(self.used_in_part)


def _room(array: Array, direct: Bytes | None, keeps: bool) -> Bytes | None:
    """Return where a chunk is decoded: fresh memory only for one that is kept."""
    if not array.layout.filters and not keeps:
        return None
    if keeps:
        return np.empty(array.layout.chunk_bytes, np.uint8)
    return spare(array.layout.chunk_bytes) if direct is None else direct


def _batches(
    pieces: list[tuple[Key, Piece]], chunk_bytes: Callable[[Key], int]
) -> Iterator[list[tuple[Key, Piece]]]:
    batch: list[tuple[Key, Piece]] = []
    size = 0
    for key, piece in pieces:
        batch.append((key, piece))
        size += chunk_bytes(key)
        if size >= _BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch
