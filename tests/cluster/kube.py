"""kubectl, for tests: objects as JSON, commands in pods, what a failing test shows."""

from __future__ import annotations

import contextlib
import json
import re
import subprocess
import time
from collections.abc import Callable, Iterator
from typing import Any


def run(*words: str, given: str | None = None, timeout_s: float = 120) -> str:
    """Run a program; return what it printed, raise with its complaint."""
    done = subprocess.run(
        words, input=given, capture_output=True, text=True, timeout=timeout_s
    )
    if done.returncode:
        said = (done.stderr or done.stdout).strip()
        raise AssertionError(f"{' '.join(words)[:200]}: {said}")
    return done.stdout


def kubectl(*words: str, given: str | None = None, timeout_s: float = 120) -> str:
    return run("kubectl", *words, given=given, timeout_s=timeout_s)


def apply(*objects: dict[str, Any]) -> None:
    given = json.dumps({"apiVersion": "v1", "kind": "List", "items": list(objects)})
    kubectl("apply", "-f", "-", given=given)


def items(kind: str, *words: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(
        kubectl("get", kind, *words, "-o", "json")
    )["items"]
    return found


def pods(namespace: str, selector: str = "") -> list[dict[str, Any]]:
    words = ("-l", selector) if selector else ()
    return items("pods", "-n", namespace, *words)


def execute(namespace: str, pod: str, code: str, timeout_s: float = 120) -> str:
    """Run Python in a pod."""
    words = ("exec", "-n", namespace, pod, "--", "python", "-W", "ignore", "-c", code)
    return kubectl(*words, timeout_s=timeout_s)


def wait_for(condition: Callable[[], Any], timeout_s: float, what: str) -> Any:
    """Poll until `condition` holds; return what it returned."""
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        if found := condition():
            return found
        time.sleep(0.1)
    raise AssertionError(f"waited {timeout_s:g} s for {what}")


def images() -> set[str]:
    """Names of the images that the nodes have (Kubernetes lists up to 50 a node)."""
    nodes = items("nodes")
    listed = (image for node in nodes for image in node["status"].get("images") or [])
    return {name for image in listed for name in image.get("names") or []}


@contextlib.contextmanager
def forwarded(namespace: str, service: str, port: str) -> Iterator[str]:
    """Reach a service from this machine, on any cluster, while the block runs."""
    words = ["kubectl", "port-forward", "-n", namespace, f"svc/{service}", f":{port}"]
    tunnel = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
    try:
        assert tunnel.stdout is not None
        found = re.search(r"127\.0\.0\.1:(\d+)", tunnel.stdout.readline())
        assert found, f"no tunnel to {service}"
        yield f"http://127.0.0.1:{found[1]}"
    finally:
        tunnel.terminate()
        tunnel.communicate(timeout=10)


def story(*namespaces: str) -> str:
    """Events and logs of namespaces: what a failing test shows."""
    parts = []
    for namespace in namespaces:
        for words in (
            ("get", "pods", "-o", "wide"),
            ("get", "events", "--sort-by=.lastTimestamp"),
        ):
            parts.append(_try(*words, "-n", namespace))
        for pod in _try("get", "pods", "-n", namespace, "-o", "name").split():
            words = ("logs", "--all-containers", "--prefix", "--tail=40", pod)
            parts.append(_try(*words, "-n", namespace))
    return "\n".join(parts)


def _try(*words: str) -> str:
    try:
        return kubectl(*words, timeout_s=20)
    except (AssertionError, subprocess.TimeoutExpired) as error:
        return f"{error}\n"
