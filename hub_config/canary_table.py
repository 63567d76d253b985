"""The table of ``hub.toml`` about the canary, and its schedules in cron's words."""

from __future__ import annotations

from typing import Annotated, Self
from zoneinfo import available_timezones

from pydantic import Field, StringConstraints, model_validator

from .tables import Table, Text

# As cron writes them: 9-17 or 8,12,16; Mon-Fri or Mon,Wed.
_HOUR = r"(1?[0-9]|2[0-3])"
_HOURS = rf"^{_HOUR}([-,]{_HOUR})*$"
_DAY = "(Mon|Tue|Wed|Thu|Fri|Sat|Sun)"
_DAYS = rf"^{_DAY}([-,]{_DAY})*$"


class Canary(Table):
    """A program that uses the hub as a person does, and when it does."""

    # GitHub counts its accounts upwards, and is below a billion.
    number: Annotated[int, Field(ge=10**15, lt=10**18, strict=True)]
    every_min: int = Field(ge=0, le=30)
    hours: Annotated[str, StringConstraints(pattern=_HOURS)]
    days: Annotated[str, StringConstraints(pattern=_DAYS)]
    time_zone: Text

    @model_validator(mode="after")
    def _can_be_scheduled(self) -> Self:
        if self.every_min and 60 % self.every_min:
            raise ValueError(f"every_min {self.every_min} does not divide an hour")
        if self.time_zone not in available_timezones():
            raise ValueError(
                f"time_zone: no time zone {self.time_zone!r}; "
                "write it as America/New_York"
            )
        return self

    @property
    def schedules(self) -> dict[str, str]:
        """When it looks, and when it uses a whole server, in cron's words."""
        return {
            "look": f"*/{self.every_min} * * * *",
            "use": f"23 {self.hours} * * {self.days}",
        }
