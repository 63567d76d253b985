"""What NetworkPolicy objects allow, decided without a cluster.

The semantics of networking.k8s.io/v1: a pod that no policy of a direction selects is
open in that direction; one that any selects may do what all their rules together allow.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network
from typing import Any

NAMESPACE = "kubernetes.io/metadata.name"


@dataclass(frozen=True)
class Peer:
    """One end of a flow: an address and, if it is a pod, its labels and namespace's."""

    address: str
    labels: Mapping[str, str] | None = None
    namespace: Mapping[str, str] = field(default_factory=dict)


def allowed(
    policies: Iterable[Mapping[str, Any]], source: Peer, target: Peer, port: int | str
) -> bool:
    """Tell whether a connection is allowed by the egress *and* the ingress rules.

    Parameters
    ----------
    policies : iterable of mapping
        NetworkPolicy objects; each holds for pods of its ``metadata.namespace``.
    source, target : Peer
        Who connects to whom.
    port : int or str
        Number, or a named port; TCP.
    """
    policies = list(policies)
    out = _rules(policies, source, "Egress")
    into = _rules(policies, target, "Ingress")
    return allows(out, target, port) and allows(into, source, port, "from")


def _rules(
    policies: Iterable[Mapping[str, Any]], pod: Peer, direction: str
) -> list[dict[str, Any]]:
    """Return the rules for a pod; one that allows all where no policy selects it."""
    selecting = [policy for policy in policies if _selects(policy, pod, direction)]
    if not selecting:
        return [{}]
    end = "to" if direction == "Egress" else "from"
    return [
        {**rule, end: _at_home(rule.get(end) or [], policy)}
        for policy in selecting
        for rule in policy["spec"].get(direction.lower()) or []
    ]


def _at_home(peers: Any, policy: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Say in the peers that a bare podSelector means the policy's own namespace."""
    home = {"matchLabels": {NAMESPACE: policy["metadata"].get("namespace")}}
    return [
        {"namespaceSelector": home} | peer if "podSelector" in peer else peer
        for peer in peers
    ]


def _selects(policy: Mapping[str, Any], pod: Peer, direction: str) -> bool:
    spec = policy["spec"]
    default = ["Ingress", "Egress"] if "egress" in spec else ["Ingress"]
    home = policy["metadata"].get("namespace")
    return (
        pod.labels is not None
        and direction in spec.get("policyTypes", default)
        and pod.namespace.get(NAMESPACE) == home
        and _matches(spec["podSelector"], pod.labels)
    )


def allows(
    rules: Iterable[Mapping[str, Any]],
    peer: Peer,
    port: int | str,
    end: str = "to",
) -> bool:
    """Tell whether one of the rules allows the other end and the port."""
    return any(
        _port_open(rule.get("ports"), port)
        and (not rule.get(end) or any(_is(peer, one) for one in rule[end]))
        for rule in rules
    )


def _port_open(ports: Any, port: int | str) -> bool:
    if not ports:
        return True
    tcp = [one for one in ports if one.get("protocol", "TCP") == "TCP"]
    return any(_in_range(one, port) for one in tcp)


def _in_range(one: Mapping[str, Any], port: int | str) -> bool:
    if "port" not in one or one["port"] == port:
        return True
    numbers = isinstance(one["port"], int) and isinstance(port, int)
    last = one.get("endPort", one["port"])
    return numbers and bool(one["port"] <= port <= last)


def _is(peer: Peer, selector: Mapping[str, Any]) -> bool:
    if "ipBlock" in selector:
        # By the specification, addresses of pods are for selectors, yet Calico and
        # others match them too: count the looser reading.
        block = selector["ipBlock"]
        address = ip_address(peer.address)
        inside = [ip_network(cidr) for cidr in block.get("except") or []]
        return address in ip_network(block["cidr"]) and not any(
            address in network for network in inside
        )
    if peer.labels is None:
        return False
    return _matches(selector.get("podSelector") or {}, peer.labels) and _matches(
        selector.get("namespaceSelector") or {}, peer.namespace
    )


def _matches(selector: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    wanted = selector.get("matchLabels") or {}
    return all(labels.get(key) == value for key, value in wanted.items()) and all(
        _expression(one, labels) for one in selector.get("matchExpressions") or []
    )


def _expression(one: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    value, values = labels.get(one["key"]), one.get("values") or []
    return {
        "In": value in values,
        "NotIn": value not in values,
        "Exists": value is not None,
        "DoesNotExist": value is None,
    }[one["operator"]]
