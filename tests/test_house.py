"""The rules of the house that no linter knows: budgets, links, secrets, pins."""

from __future__ import annotations

import ast
import re
import subprocess
from itertools import pairwise
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
LINES_PER_FILE = 300
LINES_PER_FUNCTION = 40
LINES_PER_TEMPLATE = 100
LINES_PER_HCL = 150


def tracked(*patterns: str) -> list[Path]:
    done = subprocess.run(
        ["git", "ls-files", "-z", *patterns],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        pytest.skip("not a git checkout")
    return [ROOT / name for name in done.stdout.split("\0") if name]


def functions(path: Path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            body = node.body[1:] if ast.get_docstring(node) else node.body
            if body:
                length = (body[-1].end_lineno or 0) - body[0].lineno + 1
                yield f"{path}:{node.lineno} {node.name}", length


def lines(path: Path) -> int:
    return path.read_text(errors="replace").count("\n")


def test_no_python_file_holds_two_ideas():
    long = {
        str(path.relative_to(ROOT)): lines(path)
        for path in tracked("*.py")
        if lines(path) > LINES_PER_FILE
    }
    assert long == {}


def test_no_function_is_longer_than_a_screen():
    product = (path for path in tracked("*.py") if "tests" not in path.parts)
    long = {
        where: length
        for path in product
        for where, length in functions(path)
        if length > LINES_PER_FUNCTION
    }
    assert long == {}


def test_the_budget_of_functions_would_notice_a_long_one(tmp_path):
    body = "\n".join(f"    x{n} = {n}" for n in range(41))
    (tmp_path / "long.py").write_text(f'def f():\n    """Doc."""\n{body}\n')
    assert [length for _, length in functions(tmp_path / "long.py")] == [41]


ASKS = {
    *("get", "head", "options", "post", "put", "patch", "delete", "request", "stream"),
    *("Client", "AsyncClient"),
}


def calls_without_certificates(source: str):
    """Yield the calls of httpx that would read the certificates anew."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            module = node.func.value
            httpx = isinstance(module, ast.Name) and module.id == "httpx"
            given = {keyword.arg for keyword in node.keywords}
            if httpx and node.func.attr in ASKS and "verify" not in given:
                yield node.lineno


def test_certificates_are_read_once():
    anew = {
        str(path.relative_to(ROOT)): found
        for path in tracked("hub_config/*.py")
        if (found := list(calls_without_certificates(path.read_text())))
    }
    assert anew == {}
    assert list(calls_without_certificates("httpx.get(url, timeout=2)")) == [1]
    assert list(calls_without_certificates("httpx.get(url, verify=trusted())")) == []


def test_templates_and_hcl_stay_short():
    long = {
        str(path.relative_to(ROOT)): lines(path)
        for pattern, most in (
            ("helm/hub/templates/*", LINES_PER_TEMPLATE),
            ("terraform/*.tf", LINES_PER_HCL),
        )
        for path in tracked(pattern)
        if lines(path) > most
    }
    assert long == {}


def test_no_lock_names_an_address():
    for path in tracked("*.lock", "*package-lock.json"):
        assert "://" not in path.read_text(), path


def test_every_link_of_the_docs_leads_somewhere():
    broken = []
    for page in tracked("README.md", "docs/*.md"):
        for target in re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", page.read_text()):
            if not (page.parent / target).exists():
                broken.append(f"{page.relative_to(ROOT)}: {target}")
    assert broken == []


def test_every_folder_of_the_readmes_map_is_there():
    named = re.findall(r"^(\w[\w.]*/)\s", (ROOT / "README.md").read_text(), re.M)
    assert len(named) >= 6
    for folder in named:
        assert (ROOT / folder).is_dir(), folder


def test_decisions_are_short_and_numbered_without_gaps():
    pages = sorted((ROOT / "docs/decisions").glob("[0-9]*.md"))
    numbers = [int(page.name[:4]) for page in pages]
    assert all(after - before <= 1 for before, after in pairwise(numbers)), numbers
    assert {page.name: lines(page) for page in pages if lines(page) > 40} == {}


def test_python_inside_yaml_is_one_line():
    for path in tracked("helm/*.yaml"):
        blocks = re.findall(r"\|-?\n((?:\s{4,}.*\n)+)", path.read_text())
        python = [block for block in blocks if re.search(r"^\s*(from|import) ", block)]
        assert all(block.strip().count("\n") == 0 for block in python), path


def test_no_secret_is_committed():
    pattern = re.compile(r"gh[opsu]_[A-Za-z0-9]{36}|AKIA[0-9A-Z]{16}|-----BEGIN .*KEY")
    found = [
        str(path.relative_to(ROOT))
        for path in tracked()
        if path.suffix not in {".png", ".nwb"}
        and path.name != "test_house.py"
        and pattern.search(path.read_text(errors="replace"))
    ]
    assert found == []
