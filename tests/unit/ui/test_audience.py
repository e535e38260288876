from crackdemo.ui.audience import PATIENCE, Audience


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_who_hung_up_after_the_question_is_gone() -> None:
    clock = Clock()
    audience = Audience(clock)
    asked = audience.now()
    clock.now += 1
    with audience.listening("event"):
        assert not audience.is_gone(["event", "session"], asked)
    assert audience.is_gone(["event", "session"], asked)


def test_who_listens_at_another_stream_is_not_gone() -> None:
    clock = Clock()
    audience = Audience(clock)
    with audience.listening("event"):
        clock.now += 1
    with audience.listening("session"):
        assert not audience.is_gone(["event", "session"], 100)


def test_who_hung_up_before_the_question_may_come_back_for_a_while() -> None:
    clock = Clock()
    audience = Audience(clock)
    with audience.listening("session"):
        pass
    clock.now += 1
    asked = audience.now()
    assert not audience.is_gone(["session"], asked)
    clock.now += PATIENCE + 1
    assert audience.is_gone(["session"], asked)


def test_a_visitor_was_here_for_a_while_after_leaving() -> None:
    clock = Clock()
    audience = Audience(clock)
    assert not audience.was_here("ann", 60)
    with audience.listening("ann"), audience.listening("ann"):
        clock.now += 1000
        assert audience.was_here("ann", 60)
    clock.now += 59
    assert audience.was_here("ann", 60)
    clock.now += 2
    assert not audience.was_here("ann", 60)
    audience.seen("ann")
    assert audience.was_here("ann", 60)
