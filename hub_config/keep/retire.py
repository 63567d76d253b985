"""Does what retention plans: tells people, puts homes away, deletes, brings back."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

from ..notices import Notices
from ..packing import CHANGED, HOME, BrokenArchive, members, pack_command
from ..settings import Hub
from .accounts import accounts
from .files import private_file
from .made import STAMP, sum_of
from .place import KeepError, Place, Say, feed, stream
from .retention import Record, Records, Step

Clock = Callable[[], datetime]


def _now() -> datetime:
    return datetime.now(UTC)


class Retiring:
    """Acts on the homes of one hub.

    Parameters
    ----------
    hub : Hub
        Says whom to write to.
    place : Place
        On this machine, or in the pod that this runs in.
    say : callable
        Is told a line for each thing done.
    clock : callable
        Tells the time; aware.
    """

    def __init__(self, hub: Hub, place: Place, say: Say, clock: Clock = _now) -> None:
        assert not place.prefix, "runs where the homes are"
        self._support = hub.hub.support
        self._place = place
        self._say = say
        self._clock = clock
        self._homes = Path(place.homes)
        self._archived = Path(place.archived)

    def carry_out(self, steps: list[Step]) -> None:
        """Take each step; one that fails stops the rest, and nothing is lost.

        Raises
        ------
        KeepError
            The disk is full, or a file cannot be read or written.
        """
        does = {
            "warn": self._warn,
            "spare": self._spare,
            "put away": self._put_away,
            "delete": self._delete,
        }
        try:
            for step in steps:
                does[step.kind](step)
        except (OSError, BrokenArchive) as error:
            raise KeepError(f"retention: {error}") from None

    def finish_interrupted(self) -> None:
        """Go on where an earlier run was ended while it put a home away."""
        if not self._archived.is_dir():
            return
        for left in sorted(self._archived.iterdir()):
            if HOME.fullmatch(left.name) and left.is_dir() and not left.is_symlink():
                self._say(f"{left.name}: an earlier run was interrupted; going on")
                if self._is_whole(self._records().get(int(left.name[3:]))):
                    # It was being deleted: what is left of it is not the home.
                    shutil.rmtree(left)
                else:
                    self._pack_away(left.name)

    def _is_whole(self, record: Record | None) -> bool:
        if record is None or record.away_s is None:
            return False
        archive = self._archived / record.archive
        return archive.exists() and sum_of(archive) == record.sha256

    def bring_back(self, name: str) -> str:
        """Undo: bring a home that was put away back; return where it is now.

        Raises
        ------
        KeepError
            It was not put away, or the file is damaged.
        """
        number = int(name.removeprefix("gh-"))
        record = self._records().get(number)
        if record is None or record.away_s is None:
            raise KeepError(f"retention: {name} was not put away")
        archive = self._archived / record.archive
        if not self._is_whole(record):
            raise KeepError(f"retention: {archive} is damaged or missing")
        words, where = ["home", self._place.homes, name], f"~{name}"
        if (self._homes / name).exists():
            beside = f"restored-{self._clock().strftime(STAMP)}"
            words, where = ["inside", *words[1:], "", beside], f"~{name}/{beside}"
        with archive.open("rb") as file:
            told = json.loads(feed(self._place.module("receive", *words), file))
        for one in told["left_out"]:
            self._say(f"left out: {one}")
        self._forget(record)
        archive.unlink()
        return where

    def _warn(self, step: Step) -> None:
        assert step.by is not None
        text = (
            f"Nobody has used this home for long. On {step.by:%d %B %Y} its files are "
            f"put away, unless you start a server before. Questions: {self._support}"
        )
        notice = self._tell(step.number, text, step.by + timedelta(days=30))
        self._keep(Record(step.number, self._clock().timestamp(), notice))
        self._say(f"{step.name}: warned; put away from {step.by:%Y-%m-%d} on")

    def _spare(self, step: Step) -> None:
        self._forget(self._records()[step.number])
        self._say(f"{step.name}: {step.why}; nothing is done")

    def _put_away(self, step: Step) -> None:
        self._archived.mkdir(mode=0o700, exist_ok=True)
        before = accounts(self._place.database).get(step.name)
        if before and before.is_running:
            self._say(f"{step.name}: a server runs now; nothing is done")
            return
        (self._homes / step.name).rename(self._archived / step.name)
        # Whoever came in this very moment gets their home back, not an empty one.
        if accounts(self._place.database).get(step.name) != before:
            self._give_back(step.name)
            self._say(f"{step.name}: they came back just now; nothing is done")
            return
        self._pack_away(step.name)

    def _pack_away(self, name: str) -> None:
        """Make one file of a home that was moved here, and only then delete it."""
        number, now = int(name.removeprefix("gh-")), self._clock()
        target = self._archived / f"{name}-{now.strftime(STAMP)}.tar"
        draft = target.with_suffix(".unfinished")
        try:
            with private_file(draft) as file:
                command = pack_command(str(self._archived), name)
                piece = stream(command, file, allowed=(0, CHANGED))
                file.flush()
                os.fsync(file.fileno())
            unread = [line for line in piece.complaints if "socket ignored" not in line]
            if unread:
                raise KeepError(
                    f"retention: {name}: not all could be read: {unread[0]}"
                )
            files = sum(not one.isdir() for one in members(draft))
        except BaseException:
            draft.unlink(missing_ok=True)
            self._give_back(name)
            raise
        draft.rename(target)
        record = self._records().get(number) or Record(number, now.timestamp(), "")
        notice = self._tell_away(record, now)
        self._keep(
            Record(
                *(number, record.warned_s, notice, now.timestamp()),
                *(target.name, piece.sha256),
            )
        )
        # Never through a symlink: rmtree holds the folders it is in.
        shutil.rmtree(self._archived / name)
        self._say(f"{name}: put away, {files} files in {target}")

    def _tell_away(self, record: Record, now: datetime) -> str:
        self._untell(record)
        text = (
            f"Your files were put away on {now:%d %B %Y}: this home was not used for "
            f"long. They are kept, and can be brought back: write to {self._support}"
        )
        return self._tell(record.number, text, None)

    def _give_back(self, name: str) -> None:
        if not (self._homes / name).exists():
            (self._archived / name).rename(self._homes / name)

    def _delete(self, step: Step) -> None:
        record = self._records()[step.number]
        (self._archived / record.archive).unlink(missing_ok=True)
        self._forget(record)
        self._say(f"{step.name}: deleted; {step.why}")

    def _tell(self, number: int, text: str, until: datetime | None) -> str:
        with closing(self._notices()) as notices:
            return notices.add(text, "warning", until, number)

    def _untell(self, record: Record) -> None:
        with closing(self._notices()) as notices:
            if record.notice in {notice.id for notice in notices.standing()}:
                notices.remove(record.notice)

    def _forget(self, record: Record) -> None:
        self._untell(record)
        with closing(Records(Path(self._place.people))) as records:
            records.drop(record.number)

    def _keep(self, record: Record) -> None:
        with closing(Records(Path(self._place.people))) as records:
            records.put(record)

    def _records(self) -> dict[int, Record]:
        with closing(Records(Path(self._place.people))) as records:
            return records.all()

    def _notices(self) -> Notices:
        return Notices(Path(self._place.people), lambda: self._clock().timestamp())
