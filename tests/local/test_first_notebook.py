"""The first tutorial, from a search to a Dask computation, in a real user server."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.notebooks.running import Cost, keep, profile_of

NAME = "01-find.ipynb"

EXECUTE = """
import json, resource, time
import nbformat
from nbclient import NotebookClient
begin = time.monotonic()
notebook = nbformat.read("01-find.ipynb", as_version=4)
try:
    NotebookClient(notebook, timeout=240).execute()
finally:
    nbformat.write(notebook, "executed.ipynb")
used = resource.getrusage(resource.RUSAGE_CHILDREN)
cost = {"seconds": time.monotonic() - begin, "cpu_s": used.ru_utime + used.ru_stime}
with open("cost.json", "w") as file:
    json.dump(cost | {"peak_bytes": 1024 * used.ru_maxrss}, file)
"""


def outputs(notebook):
    """Return the kinds of output and the printed text of an executed notebook."""
    found = [out for cell in notebook["cells"] for out in cell.get("outputs", [])]
    kinds = [kind for out in found for kind in out.get("data", {})]
    return kinds, "".join("".join(out.get("text", "")) for out in found)


@pytest.mark.notebooks
def test_the_first_notebook_goes_from_a_search_to_a_cluster(base, root, tmp_path):
    base.get("lab")
    content = json.loads((root / "notebooks" / NAME).read_text())
    message = {"type": "notebook", "content": content}
    place = f"{base.url}api/contents/{NAME}"
    sent = base.visitor.put(place, json=message, headers=base.headers)
    assert sent.status_code == 201, sent.text
    output = base.run(EXECUTE, timeout_s=280)
    assert output.error == "", output.error
    executed = base.get("api/contents/executed.ipynb").json()["content"]
    kinds, text = outputs(executed)
    assert kinds.count("image/png") == 3
    assert "2 workers; dashboard: /services/dask-gateway/clusters/" in text
    (tmp_path / "executed.ipynb").write_text(json.dumps(executed))
    cost = json.loads(base.get("api/contents/cost.json").json()["content"])
    notebook = root / "notebooks" / NAME
    name, profile = Path(NAME).stem, profile_of(notebook)
    keep(tmp_path / "executed.ipynb", Cost(name, profile, **cost))
