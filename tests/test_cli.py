"""The command line: every command is where it is said to be, and comes alone."""

from __future__ import annotations

import subprocess
import sys

import pytest
import typer
from typer.testing import CliRunner

from hub_config import cli

LOADED = """
import sys
from hub_config import cli
sys.argv = ["archive-hub", "who", "--help"]
try:
    cli.main()
except SystemExit:
    print(*(name for name in sys.modules if name.startswith("hub_config.")))
"""


@pytest.mark.parametrize("name", cli.PLACES)
def test_a_command_alone_is_a_command(name):
    done = CliRunner().invoke(cli.application(name), [name, "--help"])
    assert done.exit_code == 0, done.output
    assert f" {name} " in done.output


def test_the_help_of_all_names_all():
    done = CliRunner().invoke(cli.application(), ["--help"])
    assert [name for name in cli.PLACES if f"│ {name} " not in done.output] == []


def test_the_clouds_commands_are_not_those_of_one_machine():
    runner, app = CliRunner(), cli.application()
    for name in cli.LOCAL:
        cloud, here = ([name, "--help"], ["local", name, "--help"])
        assert "ENV" in runner.invoke(app, cloud).output
        assert "--state" in runner.invoke(app, here).output


def test_only_what_is_asked_for_is_imported():
    done = subprocess.run(
        [sys.executable, "-c", LOADED], capture_output=True, text=True, check=True
    )
    loaded = done.stdout.splitlines()[-1].split()
    assert "hub_config.who" in loaded
    assert not {"hub_config.deploy", "hub_config.rehearsal"} & set(loaded)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ((), "archive-hub [OPTIONS] COMMAND"),
        (("nope",), "No such command 'nope'"),
        (("--nope",), "No such option"),
        (("local", "nope"), "No such command 'nope'"),
    ],
)
def test_a_wrong_word_is_told(archive_hub, words, says):
    done = archive_hub(*words)
    assert done.returncode == 2
    assert says in " ".join((done.stdout + done.stderr).split())


def test_a_failure_is_one_line_and_a_fault_of_ours_a_traceback(
    archive_hub, monkeypatch, tmp_path
):
    done = archive_hub("suspend", "somebody", "--state", str(tmp_path))
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1

    def faulty():
        raise KeyError("ours")

    broken = typer.Typer()
    broken.command("who")(faulty)
    monkeypatch.setattr(cli, "application", lambda *_: broken)
    monkeypatch.setattr(sys, "argv", ["archive-hub"])
    with pytest.raises(KeyError):
        cli.main()
