from crackdemo.inspection.store import NOBODY
from crackdemo.ui.visitors import COOKIE, Sessions, cookie_in, current, new_cookie, streams


def test_a_cookie_is_known_by_its_shape_and_differs_each_time() -> None:
    cookie = new_cookie()
    assert cookie_in({COOKIE: cookie}) == cookie != new_cookie()
    for value in ("", "short", cookie + "x", " " * 32, "ä" * 32):
        assert cookie_in({COOKIE: value}) == ""
    assert cookie_in({}) == ""


def test_a_session_is_whose_it_was_first() -> None:
    sessions = Sessions()
    assert sessions.may_use("s", "ann") and sessions.may_use("s", "ann")
    assert not sessions.may_use("s", "bob") and not sessions.may_use("s", "")
    assert sessions.may_use("program", "") and not sessions.may_use("program", "ann")


def test_outside_of_an_event_nobody_asks() -> None:
    assert current() == NOBODY and streams() == ()
