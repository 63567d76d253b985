"""What must be had before there can be a hub, and whether it is there.

Each check answers yes, no, or could not ask; a no says what to do.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx

from ..certificates import trusted
from ..operate import quota
from ..settings import Hub
from . import parameters
from .parameters import call
from .programs import DeployError

# What, how long it takes, and how one gets it.
LIST = (
    ("an AWS account of the hub's own", "a day", "aws.amazon.com; a card, a phone"),
    (
        "in it a role of yours with administrator's rights",
        "minutes",
        "IAM; you log in to it here",
    ),
    (
        "a domain, or a part of one, as a public Route 53 zone in that account",
        "days",
        "whoever owns the domain points its name servers to the zone",
    ),
    (
        "a GitHub OAuth app, with callback https://HOST/hub/oauth_callback",
        "days",
        "an owner of your GitHub organisation, Settings > Developer settings",
    ),
    (
        "a token of the archive that may look people up, and who owns it",
        "days",
        "the archive's administrators; the hub is closed the day its owner leaves",
    ),
    ("vCPU quotas, and GPU quotas", "days", "AWS's Service Quotas"),
    (
        "for MATLAB: what your licence says of a cloud",
        "weeks",
        "MathWorks; people bring their own, the image holds none",
    ),
    ("leave to spend", "days", "`archive-hub cost` says how much"),
)
# To ask before it is known that the wanted one exists.
ANY_REGION = "us-east-1"
SECRETS = ("client_id", "client_secret", "archive_token")


class No(Exception):
    """The answer is no; what there is, and what to do."""


@dataclass(frozen=True)
class Answer:
    """What one check found; `ok` is None if nobody could be asked."""

    name: str
    ok: bool | None
    detail: str


@dataclass
class Checks:
    """The checks of one environment.

    Parameters
    ----------
    hub : Hub
        The settings.
    name, host, region : str
        Of the environment that is wanted.
    demand : Demand
        How many people shall work at once.
    github : str
        GitHub's address.
    """

    hub: Hub
    name: str
    host: str
    region: str
    demand: quota.Demand
    github: str = "https://github.com"
    account: str = ""
    role: str = ""
    zone: str = ""

    def run(self) -> list[Answer]:
        """Ask all of it; what needs an answer from before is not asked without it."""
        found = [_answer("AWS credentials", self._caller)]
        rest: dict[str, Callable[[], str]] = {
            "region": self._region,
            "kinds of machines": self._machines,
            "DNS zone": self._zone,
            "quotas": self._quotas,
            "secrets": self._secrets,
            "OAuth app": self._oauth,
            "archive token": self._token,
        }
        for name, check in rest.items():
            # Credentials first, then a region that there is.
            missing = next((one for one in found[:2] if not one.ok), None)
            if missing is None:
                found.append(_answer(name, check))
            else:
                found.append(Answer(name, None, f"not asked: {missing.name} first"))
        return found

    def _ask(self, service: str, operation: str, **query: Any) -> dict[str, Any]:
        return call(service, self.region, operation, **query)

    def _caller(self) -> str:
        found = call("sts", ANY_REGION, "get_caller_identity")
        self.account, self.role = found["Account"], found["Arn"]
        return f"account {self.account}, as {self.role}"

    def _region(self) -> str:
        found = call("ec2", ANY_REGION, "describe_regions")["Regions"]
        names = [one["RegionName"] for one in found]
        if self.region not in names:
            near = [name for name in names if name[:2] == self.region[:2]] or names
            raise No(f"no region {self.region!r}; there are {', '.join(near)}")
        away = sorted({one.region for one in self.hub.archives.values()})
        if self.region in away:
            return self.region
        return (
            f"{self.region}, but the archive is in {', '.join(away)}: each byte that "
            "people read costs money; choose that region if you can"
        )

    def _machines(self) -> str:
        pools = self.hub.node_pools.values()
        wanted = sorted({kind for pool in pools for kind in pool.instance_types})
        filters = [{"Name": "instance-type", "Values": wanted}]
        found = self._ask("ec2", "describe_instance_type_offerings", Filters=filters)
        there = {one["InstanceType"] for one in found["InstanceTypeOfferings"]}
        missing = [kind for kind in wanted if kind not in there]
        if missing:
            raise No(
                f"{self.region} has no {', '.join(missing)}; correct node_pools in "
                "hub.toml"
            )
        return ", ".join(wanted)

    def _zone(self) -> str:
        found = self._ask("route53", "list_hosted_zones")["HostedZones"]
        public = [
            one["Name"].rstrip(".")
            for one in found
            if not one.get("Config", {}).get("PrivateZone")
        ]
        dotted = f".{self.host}"
        holding = [name for name in public if dotted.endswith(f".{name}")]
        if not holding:
            there = ", ".join(public) or "none"
            raise No(
                f"no public zone of this account holds {self.host!r}; there are "
                f"{there}; make one in Route 53 and have the domain point to it"
            )
        self.zone = max(holding, key=len)
        return f"{self.zone}; that the domain points to it cannot be seen from here"

    def _quotas(self) -> str:
        needed = quota.needed_vcpu(self.hub, self.demand, core_nodes=2)
        found = quota.compare(needed, quota.client(self.region))
        short = [str(one) for one in found if not one.is_enough]
        if short:
            raise No("; ".join(short))
        return ", ".join(f"{one.kind} {one.allowed_vcpu} vCPU" for one in found)

    def _prefix(self, name: str) -> str:
        return f"/archive-hub/{self.name}/{name}"

    def _secrets(self) -> str:
        names = [self._prefix(name) for name in SECRETS]
        missing = parameters.missing_of(self.region, names)
        if missing:
            raise No(
                f"Parameter Store has no {', '.join(missing)}; for each: aws ssm "
                f"put-parameter --type SecureString --name {missing[0]} "
                "--value file://FILE"
            )
        return f"all three below {self._prefix('')}"

    def _secret(self, name: str) -> str:
        path = self._prefix(name)
        found = self._ask("ssm", "get_parameter", Name=path, WithDecryption=True)
        return str(found["Parameter"]["Value"]).strip()

    def _oauth(self) -> str:
        """Ask for a token with a code that is none: GitHub first looks at the app."""
        form = {name: self._secret(name) for name in SECRETS[:2]} | {"code": "none"}
        answer = httpx.post(
            f"{self.github}/login/oauth/access_token",
            data=form,
            headers={"Accept": "application/json"},
            timeout=20,
            verify=trusted(),
        )
        if answer.status_code == 404:
            raise No("GitHub knows no such client_id; copy it from the app's page")
        error = answer.raise_for_status().json().get("error")
        if error == "incorrect_client_credentials":
            raise No("GitHub refuses the client_secret; make a new one for the app")
        if error != "bad_verification_code":
            raise DeployError(f"GitHub answered {error!r}")
        return "GitHub takes its id and secret"

    def _token(self) -> str:
        token = self._secret("archive_token")
        for archive in self.hub.archives.values():
            answer = httpx.get(
                f"{archive.api_url}/users/me/",
                headers={"Authorization": f"token {token}"},
                timeout=20,
                verify=trusted(),
            )
            if answer.status_code in (401, 403):
                raise No(f"{archive.name} refuses the token; ask for a new one")
            owner = answer.raise_for_status().json()
            return f"of {owner.get('username')!r}: does that person stay?"
        return ""


def _answer(name: str, check: Callable[[], str]) -> Answer:
    try:
        return Answer(name, True, check())
    except No as error:
        return Answer(name, False, str(error))
    except (DeployError, quota.CouldNotAsk) as error:
        return Answer(name, None, str(error))
    except (httpx.HTTPError, ValueError, KeyError) as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        return Answer(name, None, f"could not ask: {reason}")
