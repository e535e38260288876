from crackdemo.ui.audience import PAGE, PATIENCE, Audience


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


def test_names_that_are_made_up_make_no_page_forgotten() -> None:
    audience = Audience(Clock(), most=3)
    audience.seen(f"{PAGE}ann")
    for number in range(10):
        audience.seen(f"made up {number}")
    assert audience.was_here(f"{PAGE}ann", within=60)
    known = [n for n in range(10) if audience.was_here(f"made up {n}", within=60)]
    assert known == [7, 8, 9]
