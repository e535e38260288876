import re
from dataclasses import replace

from crackdemo.runs.trials import Search, Trial
from crackdemo.ui.train.trials import describe_search, parallel_coordinates

TRIALS = (
    Trial(1, {"depth": 4, "learning_rate": 1e-3}, (0.7, 0.5), "complete"),
    Trial(2, {"depth": 5, "learning_rate": 1e-2}, (0.9,), "pruned"),
    Trial(3, {"depth": 6, "learning_rate": 4e-3}, (0.6, 0.25), "complete"),
    Trial(4, {"depth": 3, "learning_rate": 2e-3}, (), "running"),
)
SEARCH = Search(9, TRIALS, {"learning_rate": 0.75, "depth": 0.25})


def test_it_says_how_far_the_search_is_and_what_was_best() -> None:
    told = describe_search(SEARCH)
    assert "3 of 9 trials done, 1 of them given up early." in told
    assert "trial 3, validation loss 0.25, with depth 6, learning rate 0.004." in told
    assert "75 %" in told


def test_before_there_is_a_loss_it_only_says_how_far_it_is() -> None:
    told = describe_search(Search(5))
    assert "0 of 5 trials done." in told
    assert "<svg" not in told
    assert "Best" not in told


def test_every_trial_with_a_loss_is_a_line_and_the_best_lies_on_top() -> None:
    drawn = parallel_coordinates(SEARCH)
    assert drawn.count("<polyline") == 3
    assert drawn.rindex("trial 3") > max(drawn.rindex("trial 1"), drawn.rindex("trial 2"))
    assert drawn.count('<g class="first"') == 1


def test_a_trial_that_has_not_ended_is_not_drawn_and_changes_no_scale() -> None:
    left = replace(TRIALS[3], losses=(99.0,))
    assert parallel_coordinates(Search(9, (*TRIALS[:3], left))) == parallel_coordinates(SEARCH)


def test_the_legend_says_what_the_colours_are_of_those_that_are_drawn() -> None:
    drawn = parallel_coordinates(SEARCH)
    assert re.findall(r"</i>([^<]*)</span>", drawn) == ["best", "others", "given up early"]
    without = parallel_coordinates(Search(9, (TRIALS[0], TRIALS[2])))
    assert re.findall(r"</i>([^<]*)</span>", without) == ["best", "others"]


def test_names_of_axes_have_a_word_a_line() -> None:
    words = re.findall(r">([a-z]+)</text>", parallel_coordinates(SEARCH))
    assert words == ["depth", "learning", "rate", "validation", "loss"]


def test_why_nobody_knows_what_mattered_is_said_once_a_trial_has_ended() -> None:
    assert "What mattered is not known: that takes" in describe_search(Search(9, TRIALS))
    assert "not known" not in describe_search(SEARCH)
    assert "not known" not in describe_search(Search(9, TRIALS[3:]))


def test_trials_that_are_all_alike_are_drawn_in_the_middle() -> None:
    alike = tuple(replace(TRIALS[0], number=number) for number in (1, 2))
    assert "nan" not in parallel_coordinates(Search(2, alike))


def test_of_a_long_search_the_latest_trials_and_the_best_are_drawn() -> None:
    settings = {"depth": 4, "learning_rate": 1e-3}
    rest = (Trial(n, settings, (0.5 + n / 10_000,), "complete") for n in range(2, 1001))
    long = Search(1000, (Trial(1, settings, (0.1,), "complete"), *rest))
    drawn = parallel_coordinates(long)
    assert "<b>The latest 300 trials</b>" in drawn
    assert drawn.count("<polyline") == 301 and "trial 1, complete" in drawn


def test_the_best_of_a_long_search_is_looked_for_once() -> None:
    class Counting(Search):
        asked = 0

        @property
        def best(self) -> Trial | None:
            Counting.asked += 1
            return super().best

    settings = {"depth": 4, "learning_rate": 1e-3}
    trials = tuple(Trial(n, settings, (0.5,), "complete") for n in range(1, 1001))
    parallel_coordinates(Counting(1000, trials))
    assert Counting.asked == 1
