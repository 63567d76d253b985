"""A person's own licence server: what the start form may bring.

It reaches the one server that is being started.  JupyterHub stores choices, so it never
becomes one; no sentence repeats it, because refusals are logged; and no sentence lists
the servers that are allowed, because seats of another university are not for taking.
"""

from __future__ import annotations

import re
from collections.abc import Collection

FIELD = "licence"
# MATLAB prefers it to a sign-in, so it is set only where somebody asked for it.
VARIABLE = "MLM_LICENSE_FILE"

_SHAPE = re.compile(r"([1-9][0-9]{0,4})@([a-z0-9-]+(\.[a-z0-9-]+)+)", re.ASCII)


class LicenceRefused(ValueError):
    """What was typed cannot be used; the text is for the person."""


def read(typed: str, allowed: Collection[str]) -> str:
    """Return the licence servers that a person typed, as MATLAB wants them.

    Parameters
    ----------
    typed : str
        ``port@host``, or three of them with commas between; empty: the person signs in.
    allowed : collection of str
        ``port@host`` of the servers that this hub lets through.

    Returns
    -------
    str
        Empty, or the servers without spaces, in lower case.

    Raises
    ------
    LicenceRefused
        It has another shape, or a server is not let through.
    """
    servers = [one.strip().lower() for one in typed.split(",")]
    if servers == [""]:
        return ""
    if not all(_SHAPE.fullmatch(one) for one in servers):
        raise LicenceRefused(
            "A licence server is written as its port, an @ and its full name, such as "
            "27000@licence.example.edu; a group of three has commas between. Correct "
            "it, or leave the field empty to sign in with your MathWorks account."
        )
    if not set(servers) <= set(allowed):
        raise LicenceRefused(
            "This hub does not let that licence server through. Look at its port and "
            "name again; if both are right, ask the support address below to allow it. "
            "Or leave the field empty to sign in with your MathWorks account."
        )
    return ",".join(servers)
