"""People whom the operator keeps out, whatever an archive says.

`suspend_command` writes it; the gate asks it first, and the sweep ends within seconds
what a suspended person has (`farewell`).
"""

from __future__ import annotations

from .ledger import LedgerFile

LONGEST_REASON = 200


class Suspended(LedgerFile):
    """Who is suspended, by GitHub number."""

    tables = """
CREATE TABLE IF NOT EXISTS suspended (
    number INTEGER PRIMARY KEY,
    reason TEXT NOT NULL,
    at     REAL NOT NULL
);
"""

    def suspend(self, number: int, reason: str) -> None:
        """Keep this person out from now on; once more changes only the reason."""
        self._run(
            "INSERT INTO suspended VALUES (?, ?, ?) "
            "ON CONFLICT (number) DO UPDATE SET reason = excluded.reason",
            number,
            reason,
            self._clock(),
        )

    def lift(self, number: int) -> bool:
        """Let this person in again, as far as we are concerned.

        Returns
        -------
        bool
            Whether the person was suspended.
        """
        done = self._run("DELETE FROM suspended WHERE number = ?", number)
        return done.rowcount > 0

    def everybody(self) -> dict[int, str]:
        """Return the reason by number."""
        rows = self._run("SELECT number, reason FROM suspended ORDER BY at, number")
        return {int(number): str(reason) for number, reason in rows}
