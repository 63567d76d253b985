"""Says in words whether MATLAB can start here, and if not, what to do.

``matlab-ready`` prints it; where MATLAB's proxy is installed, Lab shows it.
Nothing here starts MATLAB or its proxy.
"""

import asyncio
import json
import os
import re
import shutil
import socket
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from urllib.parse import parse_qs, urlsplit

from hub_server.environment import home_dir
from hub_server.notices import Board, Level, Notice

State = Literal[
    "no MATLAB", "no licence", "not reached", "session open", "refused", "ready"
]
ASK_TIMEOUT_S = 3.0
WATCH_EVERY_TICKS = 6
# MathWorks' number for "all seats are taken"; a session that nobody closed holds one.
SEATS_TAKEN = "-4"
SIGN_IN = "Open MATLAB from the launcher and sign in with your MathWorks account"
LEVELS: dict[State, Level] = {"no licence": "info"}


@dataclass(frozen=True)
class Answer:
    """Whether MATLAB can start, and the sentence for the person."""

    state: State
    text: str


def find(environ: Mapping[str, str]) -> Answer:
    """Look at everything that MATLAB needs, in the order in which it would fail.

    Parameters
    ----------
    environ
        Of the user server.
    """
    if not executable(environ):
        return Answer(
            "no MATLAB",
            "MATLAB is not installed in this server. The MATLAB size has it, where the "
            "operator provides it.",
        )
    running = list(statuses(environ))
    for status in running:
        if refusal := of_error(status.get("error")):
            return refusal
    if any(status.get("matlab", {}).get("status") == "up" for status in running):
        return Answer("ready", "MATLAB is running.")
    if servers := environ.get("MLM_LICENSE_FILE", ""):
        return of_servers(servers)
    if signed_in(environ):
        return Answer("ready", "You are signed in to MathWorks: MATLAB can start.")
    return Answer("no licence", f"MATLAB has no licence yet. {SIGN_IN}.")


def executable(environ: Mapping[str, str]) -> str | None:
    """Return the path of ``matlab``, as matlab-proxy would find it."""
    root = environ.get("MWI_CUSTOM_MATLAB_ROOT")
    place = f"{root}/bin" if root else environ.get("PATH")
    return shutil.which("matlab", path=place)


def of_servers(servers: str) -> Answer:
    """Try the licence servers; one of a group is enough."""
    complaints = []
    for server in servers.split(","):
        port, _, host = server.partition("@")
        try:
            with socket.create_connection((host, int(port)), ASK_TIMEOUT_S):
                return Answer("ready", f"The licence server {server} answers.")
        except socket.gaierror:
            complaints.append(f"nobody knows the name {host}")
        except ConnectionRefusedError:
            complaints.append(f"{host} is there, but no licence server at port {port}")
        except (OSError, ValueError):
            complaints.append(f"{server} does not answer")
    return Answer(
        "not reached",
        f"The licence server is not reached: {'; '.join(complaints)}. Ask who runs it, "
        "or stop this server and start it without one, to sign in instead.",
    )


def of_error(error: Any) -> Answer | None:
    """Return what an error of matlab-proxy means, if it is one of licences."""
    if not isinstance(error, dict):
        return None
    words = " ".join(
        [str(error.get("message", "")), *map(str, error.get("logs") or [])]
    )
    found = re.search(r"License Manager Error (-?\d+)", words)
    if found is None:
        return None
    if found[1] == SEATS_TAKEN:
        return Answer(
            "session open",
            "Your licence is in use by a MATLAB that was left open, here or on another "
            "computer. Close it there with `exit`; if you cannot, its seat comes back "
            "by itself, which may take an hour.",
        )
    return Answer(
        "refused",
        f"The licence was refused with MathWorks' number {found[1]}: "
        f"https://www.mathworks.com/support/lme/{found[1].lstrip('-')} says what it "
        "means.",
    )


def config_folder(environ: Mapping[str, str]) -> Path:
    """Return where matlab-proxy keeps the sign-in and what runs: one per host name."""
    return home_dir(environ) / ".matlab/MWI/hosts" / socket.gethostname()


def signed_in(environ: Mapping[str, str]) -> bool:
    """Tell whether a sign-in is kept; MathWorks alone knows whether it still counts."""
    try:
        kept = json.loads(
            (config_folder(environ) / "proxy_app_config.json").read_text()
        )
        return bool(kept["licensing"]["type"])
    except (OSError, ValueError, KeyError, TypeError):
        return False


def statuses(environ: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    """Ask every matlab-proxy of this server how it is."""
    for file in config_folder(environ).glob("ports/*/mwi_server.info"):
        try:
            address = urlsplit(file.read_text().splitlines()[0])
            url = (
                f"http://127.0.0.1:{address.port}{address.path.rstrip('/')}/get_status"
            )
            token = parse_qs(address.query).get("mwi-auth-token", [""])[0]
            request = urllib.request.Request(url, headers={"mwi-auth-token": token})
            with urllib.request.urlopen(request, timeout=ASK_TIMEOUT_S) as answer:
                told = json.load(answer)
        except (OSError, ValueError, IndexError):
            # A file of one that is gone.
            continue
        if isinstance(told, dict):
            yield told


class MatlabWatch:
    """Shows in Lab what keeps MATLAB from starting.

    Parameters
    ----------
    environ
        Of the server.
    board
        Where the notice is shown.
    """

    def __init__(self, environ: Mapping[str, str], board: Board) -> None:
        self._environ, self._board = environ, board
        self._ticks = 0

    async def tick(self) -> None:
        """Look at every `WATCH_EVERY_TICKS`-th call, the first included."""
        self._ticks += 1
        if self._ticks % WATCH_EVERY_TICKS != 1:
            return
        answer = await asyncio.to_thread(find, self._environ)
        if answer.state == "ready":
            self._board.withdraw("matlab")
        else:
            level = LEVELS.get(answer.state, "warning")
            self._board.post(Notice("matlab", level, answer.text))


def main() -> None:
    """Print the answer; end with 0 where MATLAB can start."""
    answer = find(os.environ)
    sys.stdout.write(f"{answer.text}\n")
    sys.exit(answer.state != "ready")


if __name__ == "__main__":
    main()
