"""``terraform.tfvars``, as far as it must fit what AWS and ``hub.toml`` say.

Terraform checks each value by itself when it plans; here it is compared with the
account that one is logged in to, before anything takes a quarter of an hour.
"""

from __future__ import annotations

import ipaddress
import re

# Of Kubernetes services, in every EKS cluster.
SERVICES = "172.20.0.0/16"
PRIVATE = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")
_LINE = re.compile(r"^ *(\w+) *= *(.+?) *$", re.MULTILINE)


def faults(text: str, account: str, zone: str, region: str) -> list[str]:
    """Return what does not fit, each in a sentence.

    Parameters
    ----------
    text : str
        The file.
    account, zone : str
        What AWS says; empty if it was not asked.
    region : str
        Of the environment.
    """
    values = {
        key: value.partition(" #")[0].strip() for key, value in _LINE.findall(text)
    }
    found = [_cidr(values.get("cidr", '""').strip('"'))]
    for key, want in (("account_id", account), ("zone_name", zone)):
        have = values.get(key, "").strip('"')
        if want and have != want:
            found.append(f"{key} is {have!r}, AWS says {want!r}")
    zones = re.findall(r'"([^"]*)"', values.get("zones", ""))
    if not zones or not all(re.fullmatch(rf"{region}[a-z]", one) for one in zones):
        found.append(f"zones are {', '.join(zones) or 'none'}: not all in {region!r}")
    return [one for one in found if one]


def _cidr(text: str) -> str:
    try:
        range_ = ipaddress.IPv4Network(text)
    except ValueError:
        return f"cidr {text!r} is no range of addresses, such as 10.42.0.0/16"
    if not any(range_.subnet_of(ipaddress.IPv4Network(one)) for one in PRIVATE):
        return f"cidr {text} is not private: user servers would reach each other"
    if range_.overlaps(ipaddress.IPv4Network(SERVICES)):
        return f"cidr {text} overlaps {SERVICES}, the addresses of Kubernetes services"
    return ""
