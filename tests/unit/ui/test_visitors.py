from crackdemo.inspection.store import NOBODY
from crackdemo.ui.visitors import COOKIE, Sessions, cookie_in, current, new_cookie, streams


def test_a_cookie_is_known_by_its_shape_and_differs_each_time() -> None:
    cookie = new_cookie()
    assert cookie_in({COOKIE: cookie}) == cookie != new_cookie()
    made_up = cookie[:-1] + ("a" if cookie[-1] != "a" else "b")
    for value in ("", "short", cookie + "x", " " * 32, "ä" * 32, "a" * 32, made_up):
        assert cookie_in({COOKIE: value}) == ""
    assert cookie_in({}) == ""


def test_a_session_is_whose_it_was_first() -> None:
    sessions = Sessions()
    assert sessions.may_use("s", "ann") and sessions.may_use("s", "ann")
    assert not sessions.may_use("s", "bob") and not sessions.may_use("s", "")
    assert sessions.may_use("program", "") and not sessions.may_use("program", "ann")


def test_however_many_sessions_programs_open_those_of_pages_are_not_forgotten() -> None:
    sessions = Sessions(most=3)
    assert sessions.may_use("page", "ann")
    assert all(sessions.may_use(f"program {number}", "") for number in range(10))
    assert not sessions.may_use("page", "") and not sessions.may_use("page", "bob")
    assert sessions.may_use("page", "ann")


def test_a_session_tells_its_visitor() -> None:
    sessions = Sessions()
    assert sessions.may_use("page", "ann") and sessions.may_use("program", "")
    assert [sessions.owner_of(name) for name in ("page", "program", "none")] == ["ann", "", ""]


def test_outside_of_an_event_nobody_asks() -> None:
    assert current() == NOBODY and streams() == ()
