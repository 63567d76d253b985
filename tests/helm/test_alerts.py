"""The alerts say what they should of recorded hours, and lead to what to do."""

from __future__ import annotations

import json
import re
import shutil
import subprocess

import pytest
import yaml

from hub_config import gate, registration, starts, vitals, worked_page

OURS = [
    gate.ANSWERS,
    registration.ARCHIVE_SECONDS,
    starts.START_SECONDS,
    starts.STARTS_FAILED,
    vitals.UP,
    worked_page.PEOPLE,
    worked_page.WORKERS,
]


@pytest.fixture
def rules(root):
    values = (root / "helm/platform/values/prometheus.yaml").read_text()
    return yaml.safe_load(values)["serverFiles"]["alerting_rules.yml"]


def alerts_of(rules):
    return [rule for group in rules["groups"] for rule in group["rules"]]


def test_each_alert_is_tried_and_has_its_section(root, rules):
    tried = yaml.safe_load((root / "tests/helm/alerts.yaml").read_text())["tests"]
    fires = {
        case["alertname"]
        for test in tried
        for case in test["alert_rule_test"]
        if case["exp_alerts"]
    }
    sections = (root / "docs/howto/alarms.md").read_text()
    for alert in alerts_of(rules):
        assert alert["alert"] in fires
        assert f"## `{alert['alert']}`" in sections


def test_alerts_and_dashboards_name_metrics_that_exist(root, rules):
    exist = {metric.describe()[0].name for metric in OURS}
    dashboard = (root / "helm/platform/values/grafana.yaml").read_text()
    told = dashboard + " ".join(alert["expr"] for alert in alerts_of(rules))
    named = set(re.findall(r"archive_hub_[a-z_]+", told))
    assert named
    for name in named:
        assert re.sub(r"_(total|bucket|count|sum)$", "", name) in exist, name


def test_the_dashboard_is_one_that_grafana_reads(root):
    values = yaml.safe_load((root / "helm/platform/values/grafana.yaml").read_text())
    board = json.loads(values["dashboards"]["default"]["hub"]["json"])
    ids = [panel["id"] for panel in board["panels"]]
    assert len(set(ids)) == len(ids) >= 6
    for panel in board["panels"]:
        assert panel["title"]
        assert all(target["expr"] for target in panel["targets"])


def test_promtool_agrees(root, rules, tmp_path):
    promtool = shutil.which("promtool")
    if not promtool:
        pytest.skip("no promtool; Debian's package prometheus has it")
    (tmp_path / "rules.yaml").write_text(yaml.safe_dump(rules))
    tests = tmp_path / "alerts.yaml"
    tests.write_text((root / "tests/helm/alerts.yaml").read_text())
    done = subprocess.run(
        [promtool, "test", "rules", str(tests)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    # A rule that never fires must be noticed.
    tests.write_text(tests.read_text().replace("0x5 1x5", "1x5 1x5"))
    broken = subprocess.run(
        [promtool, "test", "rules", str(tests)], capture_output=True, text=True
    )
    assert "PartIll" in broken.stderr
