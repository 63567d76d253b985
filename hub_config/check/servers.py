"""Rules about what a user server may do to the machine and the cloud."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from .deployment import Deployment, Path
from .findings import Fault, rule

SINGLEUSER = ("jupyterhub", "singleuser")
# The two places where z2jh lets one say what a user server is.
SERVERS: tuple[Path, ...] = (SINGLEUSER, ("jupyterhub", "hub", "config", "KubeSpawner"))
ROOT_KEYS = {
    "privileged": True,
    "allowPrivilegeEscalation": True,
    "allow_privilege_escalation": True,
    "runAsUser": 0,
    "uid": 0,
}
PRIVILEGED_CODE = re.compile(r"privileged['\"]?\s*[=:]\s*True|run_as_user\s*=\s*0\b")
SUDO = re.compile(r"^(yes|1|true)$", re.IGNORECASE)
BROAD = re.compile(
    r"arn:aws[\w-]*:iam::aws:policy/(?:[\w-]+/)*\w*(?:FullAccess|ReadOnlyAccess|"
    r"AdministratorAccess|PowerUserAccess)"
)


def _about_servers(path: Path) -> bool:
    return any(path[: len(root)] == root for root in SERVERS)


@rule("S1")
def unprivileged(d: Deployment) -> Iterator[Fault]:
    """Run no user server privileged or as root.

    Root in a privileged container is root on the machine: all its servers, their homes,
    and the machine's own credentials.  Reading open data needs none of it.
    """
    for path, value in d.walk():
        key = path[-1] if path else None
        root = ROOT_KEYS.get(str(key)) if _about_servers(path) else None
        if root is not None and type(value) is type(root) and value == root:
            yield path, f"{key} is {value!r}: root on the machine; remove it"
        elif isinstance(value, str) and PRIVILEGED_CODE.search(value):
            yield path, "code here makes servers privileged or root; remove it"


@rule("S2")
def no_sudo(d: Deployment) -> Iterator[Fault]:
    """Give nobody sudo in a user server.

    It needs privilege escalation, and makes of every fault of the kernel a way out.
    """
    for path, value in d.walk():
        asked = _about_servers(path) and path[-1] == "GRANT_SUDO"
        if asked and SUDO.match(str(value)):
            yield path, "people get sudo; remove it and put packages in the image"


@rule("S3")
def no_metadata_container(d: Deployment) -> Iterator[Fault]:
    """Block the metadata address by policy, not by a privileged container.

    The chart's default starts a privileged container as root before each server.  A
    network policy that denies 169.254.0.0/16 and a hop limit of 1 do the same without,
    and the namespace can enforce Pod Security "restricted".
    """
    path = (*SINGLEUSER, "cloudMetadata", "blockWithIptables")
    if d.has("jupyterhub") and d.get(".".join(path), True):
        yield path, "a privileged container runs before each server; set it to false"


@rule("S4")
def no_host_paths(d: Deployment) -> Iterator[Fault]:
    """Mount nothing of the machine into a server.

    A folder or device of the machine is shared by all who run there.
    """
    for path, value in d.walk():
        if path and path[-1] in ("hostPath", "host_path") and isinstance(value, dict):
            yield path, f"mounts {value.get('path')!r} of the machine; remove it"


@rule("S5")
def no_service_account(d: Deployment) -> Iterator[Fault]:
    """Give user servers no service account.

    Its token speaks to the cluster's API, and on a cloud it carries a role: everybody
    who may log in then has that role.  Open data are read anonymously.
    """
    for path, value in d.walk():
        if not _about_servers(path) or not value:
            continue
        if path[-1] in ("serviceAccountName", "service_account"):
            yield path, f"servers run as {value!r}, with its rights; remove it"
        elif "automount" in str(path[-1]).lower() and value is True:
            yield path, "servers carry a token of the cluster's API; set it to false"


@rule("S6")
def no_broad_rights(d: Deployment) -> Iterator[Fault]:
    """Attach no account-wide AWS policy.

    AmazonS3ReadOnlyAccess reads *every* bucket of the account, with the Terraform state
    and its secrets.  Name the bucket instead.
    """
    for path, value in d.walk():
        found = BROAD.search(value) if isinstance(value, str) else None
        if found:
            yield path, f"{found[0]} is account-wide; name the resources it is for"


@rule("S7")
def no_shared_credentials(d: Deployment) -> Iterator[Fault]:
    """Hand no credential of the hub to user servers.

    A person's GitHub token or an AWS key in the environment is in the pod's object, in
    the cluster's database and audit log, and in every process that the person starts.
    """
    for name, value in _environment(d).items():
        if re.search(r"(GITHUB|GH|AWS)_.*(TOKEN|KEY|SECRET)", name) and value:
            where = (*SINGLEUSER, "extraEnv", name)
            yield where, "a credential in every server's environment; remove it"
    for path, value in d.walk():
        code = isinstance(value, str) and "\n" in value
        if code and re.search(r"environment\[['\"]\w*TOKEN", value):
            yield path, "code here puts a token into servers' environment; remove it"


def _environment(d: Deployment) -> dict[str, Any]:
    return {str(key): v for key, v in d.table("jupyterhub.singleuser.extraEnv").items()}
