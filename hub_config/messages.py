"""What Kubernetes says about a start, in words for the person who waits.

Kubernetes events go in, one plain sentence each comes out: what happens, how long it
usually takes, what to do.  An event that is not in the table is passed on as it is:
better read raw than hidden.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

# The design's budgets for a cold start; the hub measures the true ones
# (jupyterhub_server_spawn_duration_seconds).
NEW_MACHINE = "usually 1 to 3 minutes"
NEW_GPU_MACHINE = "usually 2 to 4 minutes"
IMAGE_LOAD = "usually 20 to 45 seconds on a new machine"

ASK = "please tell the support address on this page"


@dataclass(frozen=True)
class Sentence:
    """What to say when reason and text match; an empty pattern matches all."""

    reasons: str
    pattern: str
    text: str

    def matches(self, event: Mapping[str, Any]) -> bool:
        """Tell whether this sentence is about `event`."""
        return event.get("reason") in self.reasons.split() and bool(
            re.search(self.pattern, str(event.get("message")), re.IGNORECASE)
        )


MOUNT = "FailedMount FailedAttachVolume Failed FailedCreatePodContainer"
PULL = "Failed BackOff ErrImageNeverPull InspectFailed"

# The first that matches counts.
SENTENCES = (
    Sentence(
        MOUNT,
        r"disk quota exceeded|no space left on device.*subpath|subpath.*no space left",
        "Your home is full, so it cannot be prepared. Start the Tiny profile and "
        f"delete files, or, if that fails too, {ASK}.",
    ),
    Sentence(
        f"{MOUNT} FailedCreatePodSandBox",
        r"no space left on device",
        f"The machine's own disk is full; another one is tried. If this stays, {ASK}.",
    ),
    Sentence(
        "FailedMount FailedAttachVolume",
        r"",
        "Your home is not attached to the machine yet; Kubernetes tries again "
        f"(usually done within 1 minute). If this stays, {ASK}.",
    ),
    Sentence(
        "FailedScheduling",
        r"persistentvolumeclaim .*not found|unbound immediate persistentvolumeclaims",
        f"The disk that holds the homes is missing: a fault of this hub; {ASK}.",
    ),
    Sentence(
        "FailedScheduling",
        r"volume node affinity conflict",
        "The machines that are free are in another zone than your home; one in the "
        f"right zone is asked for: {NEW_MACHINE}.",
    ),
    Sentence(
        "FailedScheduling NotTriggerScaleUp",
        r"exceed(s|ed)? limits? for nodepool|max(imum)? node group size|would exceed",
        "All machines of this kind that the hub may run are in use. Wait for one, or "
        "stop this start and choose a smaller profile.",
    ),
    Sentence(
        "FailedScheduling NotTriggerScaleUp",
        r"nvidia\.com/gpu",
        "No machine with a free GPU is running; a new one is asked for: "
        f"{NEW_GPU_MACHINE}, longer when the cloud has none left.",
    ),
    Sentence(
        "NotTriggerScaleUp",
        r"",
        "No kind of machine that the hub may buy fits this profile: a fault of this "
        f"hub; {ASK}, and meanwhile choose another profile.",
    ),
    Sentence(
        "FailedScheduling",
        r"",
        "No running machine has room for this profile; a new one is asked for: "
        f"{NEW_MACHINE}.",
    ),
    Sentence(
        "TriggeredScaleUp Nominated",
        r"",
        f"A machine for your server is chosen or starting: {NEW_MACHINE}.",
    ),
    Sentence("Scheduled", r"", "A machine is found."),
    Sentence(
        PULL,
        r"unauthorized|forbidden|authentication required|denied",
        f"The registry refuses to hand out the image: a fault of this hub; {ASK}.",
    ),
    Sentence(
        PULL,
        r"not found|not present|manifest unknown|InvalidImageName|couldn't parse image",
        f"The image of this profile does not exist: a fault of this hub; {ASK}, and "
        "meanwhile choose another profile.",
    ),
    Sentence(
        PULL,
        r"pull|image",
        f"The image could not be loaded; Kubernetes tries again. If this stays, {ASK}.",
    ),
    Sentence(
        "BackOff",
        r"restarting failed container",
        "The server's program ends right after its start; your home may be full or "
        f"hold a broken setting. If this stays, {ASK}.",
    ),
    Sentence("Pulling", r"", f"The image is being loaded: {IMAGE_LOAD}."),
    Sentence("Pulled", r"", "The image is on the machine."),
    Sentence("Created", r"", "The server is made."),
    Sentence("Started", r"", "The server's program starts: a few seconds more."),
    Sentence(
        "FailedCreatePodSandBox",
        r"",
        "The machine's network is not ready; Kubernetes tries again "
        "(usually done within 1 minute).",
    ),
    Sentence(
        "Preempted Evicted TaintManagerEviction NodeNotReady",
        r"",
        "The machine is being taken away; please start the server again.",
    ),
    Sentence(
        "OOMKilling",
        r"",
        "The server needs more memory than this profile has; choose a larger one.",
    ),
    Sentence("Killing", r"", "The server is being stopped."),
)

# Of how little interest a reason is, when the cause of a failed start is asked for.
PROGRESS = frozenset(
    ["Scheduled", "Pulling", "Pulled", "Created", "Started", "Killing"]
)


def line(event: Mapping[str, Any]) -> str:
    """Return the sentence for one event of a pod.

    Parameters
    ----------
    event : mapping
        A core/v1 Event as JSON; only ``reason`` and ``message`` are read.

    Returns
    -------
    str
        A sentence of the table, or Kubernetes' own words.
    """
    for sentence in SENTENCES:
        if sentence.matches(event):
            return sentence.text
    return f"Kubernetes says: {event.get('reason')}: {event.get('message')}"


def timed_out(after_s: float, events: Sequence[Mapping[str, Any]]) -> str:
    """Return why a start that took `after_s` seconds was given up, from its events."""
    causes = [event for event in events if event.get("reason") not in PROGRESS]
    told = causes or list(events)
    why = line(told[-1]) if told else "Kubernetes did not say what it waits for."
    return f"The server was not ready after {_duration(after_s)}. {why}"


def refused(status: int | None, body: object) -> str:
    """Return why Kubernetes did not take the pod.

    Parameters
    ----------
    status : int or None
        HTTP status of the answer.
    body : object
        Its body: a ``Status`` object as JSON, or anything.
    """
    detail = _detail(body)
    if "exceeded quota" in detail:
        return (
            "The hub's quota is used up: no server of this size can be added now. "
            "Choose a smaller profile, or try again later."
        )
    if "violates PodSecurity" in detail:
        return f"The cluster forbids this kind of server: a fault of this hub; {ASK}."
    return f"Kubernetes refused the server ({status}: {detail or 'no reason'}); {ASK}."


def unreachable(last_error: str) -> str:
    """Return what to say when the Kubernetes API does not answer at all."""
    return (
        "The cluster does not answer at the moment, so no server can be started; "
        "running servers are not touched. Try again in a minute. "
        f"(Last answer: {last_error or 'none'}.)"
    )


def _detail(body: object) -> str:
    try:
        status = json.loads(body) if isinstance(body, str | bytes) else {}
    except ValueError:
        return ""
    return str(status.get("message", "")) if isinstance(status, dict) else ""


def _duration(seconds: float) -> str:
    return f"{seconds / 60:.0f} minutes" if seconds >= 120 else f"{seconds:.0f} seconds"
