"""People log in through the stand-in of GitHub, and some are turned away."""

from __future__ import annotations


def test_a_registered_person_comes_in_and_sees_the_six_profiles(person):
    visitor = person("ada")
    page = visitor.get("/hub/spawn")
    assert page.status_code == 200
    for name in ("Tiny", "Base", "Large", "Extra large", "T4 GPU", "MATLAB"):
        assert f">{name}</label>" in page.text
    assert 'value="base"' in page.text


def test_who_is_not_registered_is_told_where_to_register(person, running):
    visitor = person("noor")
    answer = visitor.log_in("noor")
    assert answer.status_code == 403
    assert "noor" in answer.text
    assert f"{running['url']}/services/archive" in answer.text
