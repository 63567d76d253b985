"""Who is let in, over HTTP: the table of cases of the gate's design."""

import httpx
import pytest

AWAY = ["http-500", "http-503", "http-429", "http-401", "http-403", "redirect"]
UNREADABLE = ["html", "null", "garbage", "cut"]
FIRST = "The First Archive"


def bens(person, count):
    return [
        person(f"u{order}x", name=f"Benjamin {order}", joined=order)
        for order in range(count)
    ]


def test_an_approved_person_is_in_whatever_the_letter_case(gate, person):
    gate.first.people(person("Alice", number=1101, archive_login="aLICE"))
    browser = gate.login("alice")
    assert (browser.status, browser.home()) == (200, 200)
    assert "gh-1101" in gate.users()


def test_a_stranger_reads_how_to_register(gate, person):
    gate.first.people(person("noor", status=None))
    browser = gate.login("noor")
    assert browser.status == 403
    assert f"Not registered with {FIRST}" in browser.answer.text
    assert "https://dandiarchive.org" in browser.answer.text
    assert "help@dandiarchive.org" in browser.answer.text
    assert browser.home() == 302


@pytest.mark.parametrize("status", ["PENDING", "INCOMPLETE", "REJECTED"])
def test_who_is_not_approved_is_not_in(gate, person, status):
    gate.first.people(person("bob", status=status), person("rob"))
    assert gate.login("bob").status == 403


def test_who_waits_reads_so_if_the_archive_tells(gate, person):
    gate.first.people(person("piotr", status="PENDING"))
    gate.first.style(all_statuses=True)
    browser = gate.login("piotr")
    assert browser.status == 403
    assert f"{FIRST} is not approved yet" in browser.answer.text


def test_a_partial_match_is_no_match(gate, person):
    gate.first.people(person("ali", status=None), person("alice2"), person("malik"))
    assert gate.login("ali").status == 403


def test_behind_nine_older_accounts_a_person_is_found(gate, person):
    gate.first.people(*bens(person, 9), person("ben", joined=99))
    assert gate.login("ben").status == 200


def test_behind_ten_older_accounts_the_answer_is_cut_short(gate, person):
    gate.first.people(*bens(person, 10), person("ben", joined=99))
    browser = gate.login("ben")
    assert browser.status == 503
    assert "could not be looked up" in browser.answer.text


def test_the_exact_list_finds_a_person_behind_ten_others(gate, person):
    gate.first.people(person("ben", status=None))
    gate.second.people(*bens(person, 10), person("ben", joined=99))
    assert gate.login("ben").status == 200


def test_the_exact_list_says_no_behind_ten_others(gate, person):
    gate.first.people(person("ben", status=None))
    gate.second.people(*bens(person, 10))
    assert gate.login("ben").status == 403


def test_a_recycled_login_gets_nothing_of_its_first_owner(gate, person):
    gate.first.people(person("carol", number=1105))
    assert gate.login("carol").status == 200
    gate.first.change(1105, login="carol-new")
    owner = person("carol-new", number=1105, archive_login="carol")
    gate.first.people(owner, person("carol", number=1106, status=None))
    stranger = gate.login("carol")
    assert stranger.status == 403
    assert "belonged to somebody else" in stranger.answer.text
    gate.first.change(1105, archive_login=None)
    assert gate.login("carol-new").status == 200
    assert {"gh-1105"} == {"gh-1105", "gh-1106"} & set(gate.users())


def test_a_recycled_login_never_seen_is_refused_if_the_archive_tells_numbers(
    gate, person
):
    owner = person("dora-new", archive_login="dora")
    gate.first.people(owner, person("dora", number=1107, status=None))
    gate.first.style(tell_numbers=True)
    assert gate.login("dora").status == 403
    assert gate.login("dora-new").status == 403, "the search finds the old login only"


def test_a_recycled_login_never_seen_is_let_in_otherwise(gate, person):
    """Nobody can know better until the archive tells numbers; see the decision."""
    owner = person("dirk-new", archive_login="dirk")
    gate.first.people(owner, person("dirk", status=None))
    assert gate.login("dirk").status == 200


def test_an_account_without_github_is_nobody_if_the_archive_tells_numbers(gate, person):
    gate.first.people(person("svc", number=None), person("svc", status=None))
    gate.first.style(tell_numbers=True)
    assert gate.login("svc").status == 403


def test_a_new_account_with_an_administrators_name_is_nobody(gate, person):
    gate.first.people(person("root-ada", number=900, status=None))
    assert gate.login("root-ada").status == 200
    assert gate.users()["gh-900"]["admin"] is True
    gate.first.people(person("root-ada", number=1108, status=None))
    assert gate.login("root-ada").status == 403
    assert "gh-1108" not in gate.users()


def test_an_administrator_gets_in_while_the_archive_is_away(gate, person):
    gate.first.people(person("root-ada", number=900, status=None))
    with gate.first.refusing(), gate.second.refusing():
        assert gate.login("root-ada").status == 200


def test_an_approved_person_is_no_administrator(gate, person):
    gate.first.people(person("erik", number=1109, admin=True))
    assert gate.login("erik").status == 200
    assert gate.users()["gh-1109"]["admin"] is False


@pytest.mark.parametrize("kind", AWAY + UNREADABLE)
def test_an_archive_that_fails_is_not_a_no(gate, person, kind):
    gate.first.people(person("dave"))
    gate.first.fault(kind)
    browser = gate.login("dave")
    assert browser.status == 503
    assert f"{FIRST} cannot be asked right now" in browser.answer.text
    assert browser.answer.headers["Retry-After"]


def test_an_archive_that_hangs_is_given_up_soon(gate, person):
    gate.first.people(person("dave"))
    gate.first.fault("hang")
    browser = gate.login("dave")
    assert browser.status == 503
    assert browser.took_s < 6


def test_a_dead_archive_keeps_nobody_of_another_out(gate, person):
    gate.first.people(person("emil", status=None), person("ines", status=None))
    gate.second.people(person("emil"))
    with gate.first.refusing():
        assert gate.login("emil").status == 200
        assert gate.login("ines").status == 503, "in neither, but one cannot be asked"
    assert gate.login("ines").status == 403


@pytest.mark.parametrize("path", ["access_token", "/user"])
@pytest.mark.parametrize(
    "kind", ["http-500", "http-429", "rate-limit-403", *UNREADABLE]
)
def test_a_github_that_fails_is_said_to_be_away(gate, person, kind, path):
    gate.first.people(person("fay"))
    gate.github.fault(kind, path=path)
    browser = gate.login("fay")
    assert browser.status == 503
    assert "GitHub cannot be asked right now" in browser.answer.text


def test_a_github_that_hangs_is_given_up_soon(gate, person):
    gate.first.people(person("fay"))
    gate.github.fault("hang", path="access_token")
    browser = gate.login("fay")
    assert browser.status == 503
    assert browser.took_s < 9


def test_one_can_try_another_account(gate, person):
    gate.first.people(person("noor", status=None))
    page = gate.login("noor").answer.text
    assert 'href="/hub/oauth_login?account=other"' in page
    again = gate.login("noor", "/hub/oauth_login?account=other")
    assert "prompt=select_account" in str(again.asked.url)


def test_nothing_of_github_reaches_the_server_but_the_login_as_a_label(gate, person):
    gate.first.people(person("Gita-R", number=1110, email="gita@example.org"))
    gate.login("gita-r").start_server("gh-1110")
    seen = (gate.state / "gh-1110.env").read_text()
    assert "'hub.archive/login': 'Gita-R'" in seen
    assert "gho_" not in seen
    assert "gita@example.org" not in seen


def test_each_decision_is_one_line_and_one_count(gate, person):
    gate.first.people(person("hugo", number=1111))
    gate.login("hugo")
    line = '"at": "login", "number": 1111, "login": "hugo", "answer": "admitted"'
    assert gate.log().count(line) == 1
    metrics = httpx.get(f"{gate.url}/hub/metrics").text
    assert 'archive_hub_gate_answers_total{answer="admitted",at="login"}' in metrics


def test_a_dead_token_has_a_health_of_its_own(gate, wait_until):
    def health():
        answer = httpx.get(f"{gate.url}/hub/health/parts")
        signs = answer.json()
        return (
            answer.status_code,
            signs["token-first"]["ok"],
            signs["archive-first"]["ok"],
        )

    wait_until("all is well", lambda: health() == (200, True, True), 30)
    gate.first.fault("http-401")
    wait_until("the token is dead", lambda: health() == (503, False, True), 30)
    gate.first.fault("http-500")
    wait_until("the archive is away", lambda: health()[2] is False, 30)


def test_the_login_page_says_what_does_not_work(gate, wait_until):
    def page():
        return httpx.get(f"{gate.url}/hub/login").text

    with gate.second.refusing():
        says = "The Second Archive cannot be asked who is registered."
        wait_until("people are told", lambda: says in page(), 40)
        assert "The First Archive cannot be asked" not in page()
        metrics = httpx.get(f"{gate.url}/hub/metrics").text
        assert 'archive_hub_part_up{part="archive-second"} 0.0' in metrics
    wait_until("all is well again", lambda: says not in page(), 40)
