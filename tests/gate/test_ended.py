"""The owner of a server that ended by itself reads why, until the next start."""

from __future__ import annotations

BECAUSE = "The machine that it ran on was taken away or failed."
IDLE = "It may have stopped because it was idle"


def test_the_page_says_why_a_server_ended(gate, person, wait_until):
    someone = person("machine-gone")
    gate.first.people(someone)
    owner, name = gate.login(someone.login), f"gh-{someone.number}"
    owner.start_server(name)

    def page():
        return owner.client.get(f"/hub/user/{name}/lab").text

    (gate.state / f"{name}.gone").write_text(BECAUSE)
    wait_until("the server to be missed", lambda: not gate.users()[name]["server"])
    assert BECAUSE in page()
    assert IDLE not in page()
    assert "Your files are still there" in page()
    owner.start_server(name)
    headers = {"Authorization": "token hub-api-token"}
    gate.client.delete(f"{gate.url}/hub/api/users/{name}/server", headers=headers)
    wait_until("the server to stop", lambda: not gate.users()[name]["server"])
    assert IDLE in page()
    assert BECAUSE not in page()
