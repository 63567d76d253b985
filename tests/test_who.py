"""``archive-hub who``, against an archive over HTTP."""

import asyncio
import io
import json
import threading

import pytest
import typer
from aiohttp import web
from typer.testing import CliRunner

from hub_config import settings
from hub_config.local.serving import serving
from hub_config.local.standins import accounts
from hub_config.local.standins.people import People
from hub_config.who import RosterError, read_roster, who


@pytest.fixture(scope="module")
def declaration(tmp_path_factory):
    """Serve an archive with the default cast; return a declaration that names it."""
    loop = asyncio.new_event_loop()
    started, done = threading.Event(), asyncio.Event()
    urls = []

    async def serve():
        app = web.Application()
        callers = {"good": accounts.Caller("hub")}
        accounts.add_routes(app, accounts.Accounts(People(), callers))
        async with serving(app) as url:
            urls.append(url)
            started.set()
            await done.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    assert started.wait(10)
    text = settings.DECLARATION.read_text()
    path = tmp_path_factory.mktemp("who") / "hub.toml"
    path.write_text(text.replace("https://api.dandiarchive.org", urls[0]))
    yield path
    loop.call_soon_threadsafe(done.set)
    thread.join()
    loop.close()


@pytest.fixture
def run(declaration, monkeypatch):
    monkeypatch.setenv("ARCHIVE_TOKEN_DANDI", "good")
    monkeypatch.setenv("COLUMNS", "200")
    app = typer.Typer()
    app.command()(who)

    def run(*arguments, stdin=None):
        options = ["--settings", str(declaration)]
        return CliRunner().invoke(app, [*arguments, *options], input=stdin)

    return run


def test_the_code_is_zero_only_if_all_would_be_admitted(run):
    assert run("ada", "GRACE").exit_code == 0
    assert run("ada", "noor").exit_code == 1


def test_the_table_says_what_each_is_to_do(run):
    shown = run("ada", "noor").stdout
    assert "1 of 2 would be admitted." in shown
    assert "register with the archive" in shown


def test_json_holds_an_answer_for_each(run):
    told = json.loads(run("--json", "ada", "@noor").stdout)
    assert [(row["login"], row["answer"]) for row in told] == [
        ("ada", "admitted"),
        ("noor", "not registered"),
    ]


def test_an_archive_that_refuses_the_token_is_not_a_no(run, monkeypatch):
    monkeypatch.setenv("ARCHIVE_TOKEN_DANDI", "bad")
    told = json.loads(run("--json", "ada").stdout)
    assert told[0]["answer"] == "archive unreachable"
    assert "token is dead" in told[0]["reason"]


def test_a_roster_is_read_from_a_file_or_from_stdin(run, tmp_path):
    roster = tmp_path / "class.csv"
    roster.write_text("\ufeffname,Login\nAda M.,@ada\n\nMei,mei\n", encoding="utf-8")
    told = json.loads(run("--json", "--file", str(roster)).stdout)
    assert [row["login"] for row in told] == ["ada", "mei"]
    assert run("--file", "-", stdin="ada\n").exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "nobody is named"),
        (["a b"], "'a b' is no GitHub login"),
        (["--file", "nowhere.csv"], "nowhere.csv: No such file"),
        (["--file", "."], "Is a directory"),
    ],
)
def test_a_wrong_question_is_one_line_and_code_two(run, arguments, message):
    result = run(*arguments)
    assert result.exit_code == 2
    assert message in result.stderr
    assert len(result.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("login\nada\nada lovelace\n", r"r: line 3: 'ada lovelace' is no"),
        ("name,login\nAda\n", r"r: line 2: '' is no GitHub login"),
        ("login\nada@example.org\n", r"line 2: 'ada@example.org'"),
        ("login\n-x\n<b>\n", r"line 2: '-x' .*\nr: line 3"),
        ("", r"r: nobody is listed"),
        ("login\n", r"r: nobody is listed"),
        ('login\n"ada\n', r"r: not a CSV file"),
    ],
)
def test_a_bad_row_is_named_by_its_line(text, message):
    with pytest.raises(RosterError, match=message):
        read_roster(io.StringIO(text), "r")


def test_each_login_is_asked_about_once():
    assert read_roster(io.StringIO("ada\nADA\nmei\n"), "r") == ["ada", "mei"]
