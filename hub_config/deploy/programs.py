"""Other people's programs: helm, kubectl, terraform, git.

Each is run with a list of words, never through a shell.  What it says when it fails
becomes one line.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
from pathlib import Path
from typing import Any

from ..failure import Failure

FROM = {
    "helm": "https://helm.sh/docs/intro/install",
    "kubectl": "https://kubernetes.io/docs/tasks/tools",
    "terraform": "https://developer.hashicorp.com/terraform/install",
    "git": "your system's packages",
}
# What programs say, and what to do about it, in our words.
KNOWN = {
    r"ExpiredToken|token (has )?expired|SSO session.*expired|provide credentials"
    r"|must be logged in|Unauthorized": "log in to AWS again; nothing was changed",
    r"AccessDenied|is forbidden|UnauthorizedOperation": (
        "this needs more rights: take the role of `admin_role_arns`"
    ),
    r"connection refused|no such host|i/o timeout|was refused|Unable to connect": (
        "the cluster does not answer: is KUBECONFIG right, and your address in "
        "`api_cidrs`?"
    ),
    r"state lock": "somebody else applies; see docs/howto/when-terraform-refuses.md",
    r"Backend initialization required|backend.*initial|terraform init": (
        "run `terraform init` there, with the words that bootstrap printed"
    ),
}
LONGEST = 400
_NOISE = re.compile(r"^(error|err|warning)\b:?\s*", re.IGNORECASE)


class DeployError(Failure, RuntimeError):
    """Something is not as it must be; one line says what, and what to do."""


class ProgramFailed(DeployError):
    """A program ended with an error.

    Parameters
    ----------
    words : list of str
        What was run.
    said : str
        What it printed as errors.
    """

    def __init__(self, words: list[str], said: str) -> None:
        self.said = said
        super().__init__(f"{' '.join(words[:2])}: {line_of(said)}{advice(said)}")


def run(words: list[str], *, cwd: Path | None = None, stdin: str = "") -> str:
    """Run a program and return what it prints.

    A Ctrl-C reaches the program too, which may have to put something back: it is
    waited for.

    Raises
    ------
    DeployError
        It is not installed, or fails.
    """
    try:
        process = subprocess.Popen(
            words,
            cwd=cwd,
            stdin=subprocess.PIPE if stdin else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            env=os.environ | {"LC_ALL": "C", "TF_IN_AUTOMATION": "1"},
        )
    except OSError as error:
        raise DeployError(
            f"{words[0]}: {error.strerror}; "
            f"install it from {FROM.get(words[0], 'its makers')}"
        ) from None
    output, said = _until_it_ends(process, stdin)
    if process.returncode:
        raise ProgramFailed(words, said or output)
    return output


def _until_it_ends(process: subprocess.Popen[str], stdin: str) -> tuple[str, str]:
    try:
        return process.communicate(stdin or None)
    except KeyboardInterrupt:
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)
        try:
            process.communicate()
        finally:
            signal.signal(signal.SIGINT, before)
        raise


def ask(words: list[str], *, cwd: Path | None = None) -> Any:
    """Run a program that prints JSON, and return that.

    Raises
    ------
    DeployError
        As `run`; or what it prints is not JSON.
    """
    output = run(words, cwd=cwd)
    try:
        return json.loads(output)
    except ValueError:
        raise DeployError(
            f"{' '.join(words[:2])}: expected JSON, got {output[:60]!r}"
        ) from None


def line_of(said: str) -> str:
    """Return what is wrong as one line: from the first error on, or else the last."""
    lines = [re.sub(r"[╷│╵]", "", line).strip() for line in said.splitlines()]
    lines = [line for line in lines if line]
    wrong = [n for n, line in enumerate(lines) if line.lower().startswith("error")]
    told = lines[wrong[0] :] if wrong else lines[-1:]
    return _NOISE.sub("", " ".join(told))[:LONGEST] or "ended without a word"


def advice(said: str) -> str:
    """Return what to do about it, if we know."""
    for pattern, words in KNOWN.items():
        if re.search(pattern, said, re.IGNORECASE):
            return f"; {words}"
    return ""
