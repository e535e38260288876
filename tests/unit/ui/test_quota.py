"""What each name has had within a minute."""

from crackdemo.ui.quota import Quota


def test_a_minute_later_there_is_all_of_it_again() -> None:
    now = [0.0]
    quota = Quota(3, clock=lambda: now[0])
    assert quota.take("ann", 2)
    now[0] = 59.0
    assert quota.take("ann") and not quota.take("ann")
    now[0] = 60.0
    assert quota.take("ann", 2) and not quota.take("ann")


def test_what_is_too_much_takes_nothing() -> None:
    quota = Quota(3)
    assert not quota.take("ann", 4)
    assert quota.take("ann", 3)
    assert quota.is_used_up("ann") and not quota.is_used_up("bob")
