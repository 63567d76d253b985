"""Rules about the network: what a user server can reach, and whether anybody minds."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from .deployment import Deployment
from .findings import Fault, rule
from .policies import Peer, allows

POLICY = ("jupyterhub", "singleuser", "networkPolicy")
PRIVATE = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"]
METADATA = "169.254.169.254/32"
# Addresses that no person's code has to reach: what is there, an address, a port.
INSIDE = (
    ("the cloud's metadata", "169.254.169.254", 80),
    ("EKS Pod Identity", "169.254.170.23", 80),
    ("pods and machines in 100.64.0.0/10", "100.64.7.9", 2049),
    ("pods and machines in 10.0.0.0/8", "10.1.0.5", 443),
    ("pods and machines in 172.16.0.0/12", "172.20.0.1", 443),
    ("pods and machines in 192.168.0.0/16", "192.168.1.9", 10250),
)
OUTSIDE = "203.0.113.9"
ENGINES = ("calico", "cilium")
AWS = re.compile(r"amazonaws\.com|\bkarpenter\b|\b(eks|efs|gp[23])\b", re.IGNORECASE)


@rule("N1")
def policy_on(d: Deployment) -> Iterator[Fault]:
    """Keep the network policy of user servers on.

    Without it each server reaches the file server, the other servers and the machines.
    """
    if d.get("jupyterhub.singleuser.networkPolicy.enabled", True) is False:
        yield (*POLICY, "enabled"), "user servers may reach everything; set it to true"


@rule("N2")
def inside_closed(d: Deployment) -> Iterator[Fault]:
    """Deny private, carrier-grade and link-local addresses to user servers.

    The chart's rules count 100.64.0.0/10, where EKS often puts its pods, and
    169.254.170.23, which hands out roles, as public.  Spell the exceptions out.
    """
    if not d.has("jupyterhub"):
        return
    rules = egress(d.table(".".join(POLICY)))
    for what, address, port in INSIDE:
        if allows(rules, Peer(address), port):
            text = f"user servers reach {what} ({address}:{port}); deny it"
            yield (*POLICY, "egress"), text


@rule("N3")
def ports_closed(d: Deployment) -> Iterator[Fault]:
    """Open only ports 80 and 443 of the outside to user servers.

    Mail, remote logins and mining pools are the other ports; data and packages come by
    these two.
    """
    if d.has("jupyterhub"):
        rules = egress(d.table(".".join(POLICY)))
        if allows(rules, Peer(OUTSIDE), 3333) or allows(rules, Peer(OUTSIDE), 25):
            text = "every port outside is open to user servers; allow 80 and 443"
            yield (*POLICY, "egressAllowRules", "nonPrivateIPs"), text


@rule("N4")
def policy_enforced(d: Deployment) -> Iterator[Fault]:
    """Name an engine that enforces the policies, on AWS.

    The VPC CNI ignores pods that no ReplicaSet or Job owns, and KubeSpawner's are such:
    the policy is there and does nothing (aws/aws-network-policy-agent#327).  Install
    Calico (policy only) or Cilium and name it in jupyterhub.custom.networkPolicyEngine.
    """
    engine = str(d.get("jupyterhub.custom.networkPolicyEngine", "")).lower()
    if d.has("jupyterhub") and _on_aws(d) and engine not in ENGINES:
        text = f"void on EKS's own network plugin; name one of {', '.join(ENGINES)}"
        yield ("jupyterhub", "custom", "networkPolicyEngine"), text


def _on_aws(d: Deployment) -> bool:
    return any(
        AWS.search(text)
        for path, value in d.walk()
        for text in (str(path[-1]) if path else "", value)
        if isinstance(text, str)
    )


def egress(policy: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the egress rules that z2jh 4.4 makes of ``singleuser.networkPolicy``.

    Parameters
    ----------
    policy : dict
        The values; what is not set has the chart's default.

    Returns
    -------
    list of dict
        As in a NetworkPolicy's ``spec.egress``.
    """
    allow = {
        "cloudMetadataServer": False,
        "dnsPortsCloudMetadataServer": True,
        "dnsPortsPrivateIPs": True,
        "nonPrivateIPs": True,
        "privateIPs": False,
    } | _mapping(policy.get("egressAllowRules"))
    dns = [{"port": 53, "protocol": "UDP"}, {"port": 53, "protocol": "TCP"}]
    private = [_block(cidr) for cidr in PRIVATE]
    public = _block("0.0.0.0/0", [*PRIVATE, METADATA])
    made: dict[str, dict[str, Any]] = {
        "cloudMetadataServer": {"to": [_block(METADATA)]},
        "dnsPortsCloudMetadataServer": {"to": [_block(METADATA)], "ports": dns},
        "dnsPortsPrivateIPs": {"to": private, "ports": dns},
        "nonPrivateIPs": {"to": [public]},
        "privateIPs": {"to": private},
    }
    given = policy.get("egress")
    own = [one for one in (given if isinstance(given, list) else []) if _decidable(one)]
    if policy.get("enabled", True) is False:
        return [{}]
    return [made[key] for key in made if allow.get(key)] + own


def _decidable(one: Any) -> bool:
    """Tell whether a rule can be read; Kubernetes refuses those that cannot."""
    try:
        for peer in one.get("to") or []:
            allows([{"to": [peer]}], Peer(OUTSIDE, {}), 443)
        for port in one.get("ports") or []:
            allows([{"ports": [port]}], Peer(OUTSIDE, {}), 443)
    except (AttributeError, KeyError, TypeError, ValueError):
        return False
    return True


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _block(cidr: str, without: list[str] | None = None) -> dict[str, Any]:
    return {"ipBlock": {"cidr": cidr, "except": without or []}}
