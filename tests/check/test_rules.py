"""Each rule is tripped by a fault, and silent without it."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest
import yaml

from hub_config.check import RULES, all_rules
from hub_config.check.deployment import Deployment, Source

PUBLISHED = Path(__file__).with_name("published.yaml")

PROFILES = "singleuser: {profileList: [{default: true, %s}]}"
PROFILE = PROFILES % "kubespawner_override: {%s}"
SIZE = "cpu_guarantee: 1, cpu_limit: 2, mem_guarantee: 2G, mem_limit: 4G"
POLICY = "singleuser: {networkPolicy: {%s}}"
CLOSED = (
    "egressAllowRules: {nonPrivateIPs: false}, egress: [{ports: [{port: 443}], to: "
    "[{ipBlock: {cidr: 0.0.0.0/0, except: [10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16, "
    "100.64.0.0/10, 169.254.0.0/16]}}]}]"
)
TEXT = PROFILES % "description: '%s', kubespawner_override: {%s}"
GATEWAY = "gateway: {auth: {type: %s}, extraConfig: {a: '%s'}}"
OURS = "from hub_config import gateway; gateway.configure(c)"
G4DN = "node_selector: {node.kubernetes.io/instance-type: g4dn.xlarge}"

# code: (values with the fault, the same without)
TABLE = {
    "Y1": ("a: [", "hub: {}"),
    "Y2": ("singelUser: {}", "singleuser: {}"),
    "P1": ("singleuser: {profileList: [{display_name: A}]}", PROFILE % SIZE),
    "P2": (TEXT % ("3 CPU", SIZE), TEXT % ("1 to 2 CPU, 4 GiB, 16 GB GPU", SIZE)),
    "P3": (
        PROFILE % f"cpu_guarantee: 4, mem_guarantee: 15G, {G4DN}",
        PROFILE % f"cpu_guarantee: 3, mem_guarantee: 12G, {G4DN}",
    ),
    "P4": (
        PROFILE % f"cpu_guarantee: 1, cpu_limit: 8, {G4DN}",
        PROFILE % f"cpu_guarantee: 1, cpu_limit: 3, {G4DN}",
    ),
    "P5": (PROFILE % "cpu_limit: 1", PROFILE % SIZE),
    "P6": (PROFILE % "mem_guarantee: 1G, mem_limit: 3G", PROFILE % SIZE),
    "S1": (
        "hub: {config: {KubeSpawner: {extra_container_config: {privileged: true}}}}",
        "singleuser: {uid: 1000, allowPrivilegeEscalation: false}",
    ),
    "S2": (
        "singleuser: {extraEnv: {GRANT_SUDO: 'yes'}}",
        "singleuser: {extraEnv: {GRANT_SUDO: 'no'}}",
    ),
    "S3": ("hub: {}", "singleuser: {cloudMetadata: {blockWithIptables: false}}"),
    "S4": (
        "singleuser: {storage: {extraVolumes: [{hostPath: {path: /dev/fuse}}]}}",
        "singleuser: {storage: {extraVolumes: [{name: a, emptyDir: {}}]}}",
    ),
    "S5": (
        "singleuser: {serviceAccountName: sa}",
        "singleuser: {serviceAccountName: }",
    ),
    "S6": (
        "custom: {role: 'arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess'}",
        "custom: {role: 'arn:aws:iam::123456789012:policy/one-bucket'}",
    ),
    "S7": (
        "singleuser: {extraEnv: {GITHUB_TOKEN: x}}",
        "singleuser: {extraEnv: {AWS_EC2_METADATA_DISABLED: 'true'}}",
    ),
    "N1": (POLICY % "enabled: false", POLICY % "enabled: true"),
    "N2": ("singleuser: {}", POLICY % CLOSED),
    "N3": ("singleuser: {}", POLICY % CLOSED),
    "N4": (
        "hub: {db: {pvc: {storageClassName: gp3}}}",
        "{hub: {db: {url: gp3}}, custom: {networkPolicyEngine: calico}}",
    ),
    "L1": ("cull: {timeout: 500}", "cull: {timeout: 600}"),
    "L2": ("cull: {enabled: false}", "cull: {enabled: true}"),
    "L3": ("cull: {timeout: 3600}", "cull: {maxAge: 86400}"),
    "L4": (
        "singleuser: {nodeSelector: {karpenter.sh/capacity-type: spot}}",
        "singleuser: {nodeSelector: {karpenter.sh/capacity-type: on-demand}}",
    ),
    "L5": (
        "singleuser: {lifecycleHooks: {postStart: {exec: {command: [gitpuller x]}}}}",
        "singleuser: {lifecycleHooks: {postStart: {exec: {command: [copy-files]}}}}",
    ),
    "L6": ("singleuser: {startTimeout: 2400}", "singleuser: {startTimeout: 600}"),
    "L7": ("hub: {}", "hub: {consecutiveFailureLimit: 0}"),
    "U1": (
        "hub: {command: [sh, -c, pip install -U x]}",
        "hub: {command: [jupyterhub]}",
    ),
    "U2": (
        "hub: {config: {GitHubOAuthenticator: {client_secret: '${x}'}}}",
        "hub: {existingSecret: a, extraEnv: {B_TOKEN: {valueFrom: {secretKeyRef: 1}}}}",
    ),
    "U3": (
        'hub: {extraConfig: {a: "x = 1\\ny = 2"}}',
        "hub: {extraConfig: {a: x = 1}}",
    ),
    "U4": (
        "singleuser: {image: {name: a/b, tag: latest}}",
        f"singleuser: {{image: {{name: 'a/b@sha256:{'0' * 64}'}}}}",
    ),
    "U5": (
        "singleuser: {image: {pullPolicy: Always}}",
        "singleuser: {image: {pullPolicy: IfNotPresent}}",
    ),
    "A1": ("hub: {}", "hub: {config: {JupyterHub: {authenticator_class: github}}}"),
    "A2": (
        "hub: {config: {Authenticator: {admin_users: [ada]}}}",
        "hub: {config: {Authenticator: {admin_users: [gh-5]}}}",
    ),
    "A3": ("hub: {}", "hub: {config: {JupyterHub: {admin_access: false}}}"),
    "D1": (GATEWAY % ("simple", ""), GATEWAY % ("simple", OURS)),
    "D2": (GATEWAY % ("simple", "a = 1"), GATEWAY % ("simple", "idle_timeout = 1")),
    "D3": (
        GATEWAY % ("jupyterhub", ""),
        "gateway: {auth: {type: jupyterhub, jupyterhub: {jupyterhubServiceName: a}}}",
    ),
    "D4": (GATEWAY % ("simple", ""), GATEWAY % ("simple", "cluster_max_cores = 8")),
}


@pytest.mark.parametrize("code", sorted(all_rules()))
def test_a_rule_is_tripped_by_its_fault_and_only_by_it(codes, code):
    wrong, right = TABLE[code]
    assert code in codes(wrong)
    assert code not in codes(right)


def test_a_rule_says_what_to_do_and_why():
    for rule in RULES.values():
        assert rule.title
        assert rule.explanation


def test_no_shape_of_a_value_makes_a_traceback(hub):
    text = yaml.safe_load(PUBLISHED.read_text())
    paths = [path for path, _ in Deployment([Source("x", text)], hub).walk() if path]
    for path in paths:
        for shape in ([], {}, "a", 1, True, None, [1, [2]], {"a": 1}, 10**400):
            changed = Source("x", _changed(text, path, shape), "jupyterhub")
            deployment = Deployment([changed], hub)
            for rule in RULES.values():
                list(rule.findings(deployment))


def _changed(values, path, shape):
    changed = copy.deepcopy(values)
    node = changed
    for key in path[:-1]:
        node = node[key]
    node[path[-1]] = shape
    return changed
