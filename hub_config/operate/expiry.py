"""What expires and has to be asked: certificates and the archives' tokens."""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
from datetime import UTC, date, datetime, timedelta

from ..registration import TokenHealth, new_client, token_health
from ..settings import Archive, Hub
from .due import Due

CERTIFICATE_NOTICE_DAYS = 30
_PATIENCE_S = 5


def certificate(host: str, today: date, port: int = 443) -> Due:
    """Return when the certificate of a host becomes due.

    Parameters
    ----------
    host : str
        Its name, as browsers know it.
    today : date
        The day on which somebody looks.
    port : int
        Where it listens.
    """
    what = f"certificate of {host}"
    advice = "see docs/howto/alarms.md; AWS renews it while its DNS record stands"
    try:
        with (
            socket.create_connection((host, port), _PATIENCE_S) as plain,
            ssl.create_default_context().wrap_socket(
                plain, server_hostname=host
            ) as secure,
        ):
            found = secure.getpeercert()
    except ssl.SSLCertVerificationError as error:
        return Due(f"{what}: {error.verify_message}", "due", today, advice)
    except OSError as error:
        return Due(f"{what}: could not ask: {error}", "unknown", None, advice)
    assert found is not None
    ends = ssl.cert_time_to_seconds(str(found["notAfter"]))
    on = datetime.fromtimestamp(ends, UTC).date()
    what = f"{what}, valid until {on}"
    notice = timedelta(days=CERTIFICATE_NOTICE_DAYS)
    return Due.by(what, on - notice, today, advice)


def tokens(hub: Hub, today: date) -> list[Due]:
    """Return whether each archive still takes the hub's token."""
    return asyncio.run(_tokens(hub, today))


async def _tokens(hub: Hub, today: date) -> list[Due]:
    async with new_client() as client:
        health = await token_health(
            hub.archives, timeout_s=hub.login.timeout_s, client=client
        )
    return [
        _token(archive, health[name], today) for name, archive in hub.archives.items()
    ]


def _token(archive: Archive, health: TokenHealth, today: date) -> Due:
    what = f"token of {archive.name} ({archive.token_env})"
    advice = "take a new one from an approved account, and put it where it was"
    if archive.token_env not in os.environ:
        advice = f"export {archive.token_env} here, and ask again"
        return Due(
            f"{what}: could not ask: it is not set here", "unknown", None, advice
        )
    if health.alive is None:
        return Due(f"{what}: could not ask: {health.reason}", "unknown", None, advice)
    if health.alive:
        return Due(what, "fine", None, advice)
    return Due(f"{what}: {health.reason}", "due", today, advice)
