"""What a hub costs: the arithmetic, the warnings, the three forms of the report."""

from __future__ import annotations

import io
import json
import re
from datetime import date, timedelta

import pytest
import typer
from rich.console import Console
from typer.testing import CliRunner

from hub_config.machines import table
from hub_config.operate import commands, cost, report

TODAY = table().date


@pytest.fixture(scope="module")
def app():
    made = typer.Typer()
    made.command()(commands.cost)
    made.command()(commands.quota)
    return made


def _environment(hub, **update):
    places = {
        name: place.model_copy(update=update)
        for name, place in hub.environments.items()
    }
    return hub.model_copy(update={"environments": places})


def test_a_month_though_nobody_works_is_the_sum_of_its_lines(hub):
    items = {item.what: item.usd for item in cost.standing(hub)}
    assert items["EKS control plane"] == pytest.approx(73)
    assert items["core machines, 2"] == pytest.approx(2 * 0.1008 * 730)
    assert items["homes, 500 GiB"] == pytest.approx(500 * 0.08 + 125 * 0.04)
    assert 350 < sum(items.values()) < 400


@pytest.mark.parametrize("name", ["production", "staging"])
def test_the_sizes_are_those_of_terraform(root, name):
    text = (root / "terraform/live" / name / "terraform.tfvars").read_text()
    values = dict(re.findall(r"^(\w+)\s*= (\d+)$", text, re.M))
    sizes = getattr(cost, name.upper())
    assert sizes.core_nodes == int(values["core_nodes"])
    assert sizes.home_gib == int(values["home_size_gib"])


def test_a_warm_seat_costs_more_than_the_rest_if_never_put_away(hub):
    assert cost.warm_seat(hub, 730).usd == pytest.approx(0.8064 * 730)
    assert cost.warm_seat(hub).usd < 0.25 * cost.warm_seat(hub, 730).usd


def test_twice_the_people_cost_twice_as_much(hub):
    one, two = (cost.month(hub, people, 30, 25) for people in (60, 120))
    assert two.low_usd == pytest.approx(2 * one.low_usd)
    assert one.low_usd < one.high_usd
    assert cost.month(hub, 0, 30, 25) == cost.Range(0, 0)


def test_a_class_takes_whole_machines_and_knows_its_room(hub):
    day = cost.class_day(hub, 99, 8)
    assert (day.machine, day.machines) == ("m7i.8xlarge", 20)
    assert day.usd == pytest.approx(20 * 1.6128 * 8)
    assert day.has_room
    assert not cost.class_day(hub, day.most_people + 1, 8).has_room


def test_a_class_that_needs_too_many_machines_takes_larger_ones(hub):
    day = cost.class_day(hub, 101, 8)
    assert (day.machine, day.machines) == ("m7i.16xlarge", 11)
    assert day.machines <= hub.node_pools["user-cpu"].max_nodes


def test_the_worst_hour_fills_every_pool_with_its_dearest_machine(hub):
    worst = cost.total(cost.worst_hour(hub))
    assert worst == pytest.approx(3 * 0.1008 + 20 * 3.2256 + 10 * 0.752 + 20 * 1.6128)


@pytest.mark.parametrize(("age_days", "count"), [(0, 0), (90, 0), (91, 1)])
def test_prices_older_than_90_days_are_told(hub, age_days, count):
    found = cost.warnings(hub, TODAY + timedelta(days=age_days))
    assert len(found) == count
    assert all("prices are 91 days old" in line for line in found)


def test_a_region_away_from_the_archive_is_told(hub):
    found = cost.warnings(_environment(hub, region="eu-west-1"), TODAY)
    assert any("prices are those of 'us-east-2'" in line for line in found)
    assert any("costs 20 USD a TB" in line for line in found)


def test_the_page_holds_the_reports_numbers_and_no_date_of_today(hub):
    page = report.cost_page(hub)
    made = report.report(hub, report.Use())
    assert f"| **nobody works** | {made.standing_usd:,.0f} |" in page
    assert "| xlarge: 23 cores sure, up to 46 | 2 on m7i.12xlarge | 25 % |" in page
    assert re.findall(r"\d{4}-\d\d-\d\d", page) == [TODAY.isoformat()]


def test_the_terminals_tables_show_every_profile_and_no_markup(hub):
    console = Console(width=140, record=True, file=io.StringIO())
    console.print(report.tables(report.report(hub, report.Use())))
    text = console.export_text()
    assert all(name in text for name in hub.profiles)
    assert "**" not in text
    assert "[bold]" not in text


def test_json_holds_the_same(app):
    result = CliRunner().invoke(app, ["cost", "--json", "--people", "10"])
    assert result.exit_code == 0
    made = json.loads(result.stdout)
    assert made["use"]["people"] == 10
    assert made["standing_usd"] == pytest.approx(
        sum(i["usd"] for i in made["standing"])
    )
    assert date.fromisoformat(made["prices_of"]) == TODAY


@pytest.mark.parametrize(
    "wrong",
    [
        ["--people", "-1"],
        ["--people", "2.5"],
        ["--hours", "many"],
        ["--hours", "nan"],
        ["--class-hours", "inf"],
        ["--class-people", "0"],
        ["production"],
    ],
)
def test_a_wrong_number_is_refused(app, wrong):
    assert CliRunner().invoke(app, ["cost", *wrong]).exit_code == 2


def test_the_committed_page_is_the_derived_one(hub, root):
    page = root / "docs/reference/cost.md"
    assert page.read_text() == report.cost_page(hub), "run `archive-hub render`"
