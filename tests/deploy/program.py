"""Plays helm, kubectl, terraform on PATH: writes down its words, answers from a file.

The file is JSON: what Helm remembers, what the cluster holds, what Terraform made.  Its
`fails` make a command fail with the given words, `hangs` make it wait to be killed.
"""

from __future__ import annotations

import fcntl
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

WORLD = Path(os.environ["WORLD"])
NAME = Path(sys.argv[0]).name
WORDS = sys.argv[1:]


def main() -> None:
    with WORLD.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        world = json.loads(WORLD.read_text())
        line = " ".join([NAME, *WORDS])
        with WORLD.with_suffix(".log").open("a") as log:
            log.write(f"{line}\n")
        for start, said in world["fails"].items():
            if line.startswith(start):
                sys.exit(said)
        answer = {"helm": helm, "kubectl": kubectl, "terraform": terraform}[NAME](world)
        draft = WORLD.with_suffix(".draft")
        draft.write_text(json.dumps(world))
        draft.replace(WORLD)
    print(answer or "", end="", flush=True)
    if "port-forward" in WORDS or line.startswith(tuple(world["hangs"])):
        signal.pause()


def option(name: str) -> str:
    found = [one.partition("=")[2] for one in WORDS if one.startswith(f"--{name}=")]
    return found[0] if found else ""


def plain() -> list[str]:
    return [word for word in WORDS if not word.startswith("-")]


def helm(world) -> str:
    command, name = plain()[0], [*plain(), ""][1]
    if (command, name) == ("get", "manifest"):
        name = plain()[2]
    kept = world["releases"].get(name)
    if command == "version":
        return "v3.19.0"
    if command == "template":
        return documents(world["templates"][name])
    if command == "upgrade":
        half = " ".join(["helm", *WORDS]).startswith(tuple(world["hangs"]))
        status = "pending-upgrade" if half else "deployed"
        world["releases"].setdefault(name, []).append(
            {"status": status, "manifest": world["templates"][name]}
        )
        return ""
    if command == "rollback":
        number = int(plain()[2])
        kept.append({"status": "deployed", "manifest": kept[number - 1]["manifest"]})
        return ""
    if kept is None:
        return "" if command == "uninstall" else sys.exit("Error: release: not found")
    return known(world, command, name, kept)


def documents(manifest) -> str:
    return "\n---\n".join(json.dumps(one) for one in manifest)


def known(world, command: str, name: str, kept) -> str:
    if command == "uninstall":
        del world["releases"][name]
        return ""
    if command == "get":
        return documents(kept[int(option("revision")) - 1]["manifest"])
    rows = [
        {"revision": place, "status": one["status"]}
        for place, one in enumerate(kept, 1)
    ]
    for row in rows[:-1]:
        if row["status"] == "deployed" and kept[-1]["status"] == "deployed":
            row["status"] = "superseded"
    if command == "history":
        return json.dumps(rows)
    info = {"status": rows[-1]["status"], "last_deployed": "2026-11-24T14:02:00Z"}
    return json.dumps({"info": info, "version": len(rows)})


def kubectl(world) -> str:
    command = plain()[0]
    if command == "version":
        return json.dumps({"serverVersion": {"gitVersion": "v1.35.4"}})
    if command == "config":
        return json.dumps({"clusters": [{"cluster": {"server": world["server"]}}]})
    if command == "apply":
        made = json.loads(sys.stdin.read())
        world["objects"][f"{made['kind'].lower()}//{made['metadata']['name']}"] = made
    if command == "port-forward":
        return f"Forwarding from 127.0.0.1:{world['hub_port']} -> 8081\n"
    if command == "exec":
        inside = [
            world["files"].get(word, word) for word in WORDS[WORDS.index("--") + 1 :]
        ]
        sys.exit(subprocess.run(inside, check=False).returncode)
    if command == "delete":
        kind, _, name = plain()[1].partition("/")
        for key in [key for key in world["objects"] if matches(key, kind, name)]:
            del world["objects"][key]
    return found(world) if command == "get" else ""


def matches(key: str, kind: str, name: str) -> bool:
    there, space, called = key.split("/")
    inside = kind == "namespace" and space == name
    return inside or (there.removesuffix("s") == kind and called == name)


def found(world) -> str:
    kind, name, space = plain()[1], [*plain(), "", ""][2], option("namespace")
    if not name:
        start = f"{kind}/{space}/" if space else f"{kind}/"
        rows = [one for key, one in world["objects"].items() if key.startswith(start)]
        return json.dumps({"items": rows})
    one = world["objects"].get(f"{kind}/{space}/{name}")
    if one is None:
        sys.exit(f'Error from server (NotFound): {kind} "{name}" not found')
    return json.dumps(one)


def terraform(world) -> str:
    command = plain()[0]
    if command == "output":
        if not world["outputs"]:
            sys.exit('╷\n│ Error: Output "deployment" not found\n│ \n╵')
        return json.dumps(world["outputs"])
    if plain()[:2] == ["state", "list"]:
        return "\n".join(world["resources"])
    if plain()[:2] == ["state", "rm"]:
        world["resources"].remove(plain()[2])
    if command == "destroy":
        world["resources"] = []
    return ""


if __name__ == "__main__":
    main()
