"""What a fit on sound surface has come to, in words: for the page and the command line."""

from collections.abc import Sequence

from crackdemo.runs.quality import Quality
from crackdemo.runs.wording import count, percent

_FEWEST_PIECES = 10
"""Below that one piece more or less called cracked would turn a comparison round."""
_TOO_FEW = "So few pieces do not tell which is better: give more photos."
_MORE_ALARMS = 0.1
"""Share of the sound pieces: from so many more on that are taken for cracked nothing is better."""


def worth_sentences(quality: Sequence[Quality]) -> list[str]:
    """What weights are worth on their own surface, beside the others, in plain words; none where
    that was not measured."""
    if not quality:
        return []
    own, *rivals = quality
    said = [
        f"On {count(own.tiles, 'piece')} of your own surface that it did not learn from, it finds "
        f"{percent(own.found)} of painted cracks, marks {percent(own.marked)} of sound surface, "
        f"and takes {own.called} of {own.tiles} sound pieces for cracked."
    ]
    for rival in rivals:
        # a run may have the name of shipped weights, which it started from
        name = rival.weights if rival.weights != own.weights else f"the shipped {rival.weights}"
        said.append(
            f"On the same pieces {name} finds {percent(rival.found)}, marks "
            f"{percent(rival.marked)}, and takes {rival.called} for cracked. "
            + (_better(own, rival, name) if own.tiles >= _FEWEST_PIECES else _TOO_FEW)
        )
    return said


def _better(own: Quality, other: Quality, name: str) -> str:
    """name: the others', in the middle of a sentence. A difference of a percent is chance: other
    painted cracks would turn it round."""
    told = f"(F1 of the painted cracks {own.f1:.2f} against {other.f1:.2f})"
    if abs(own.f1 - other.f1) < 0.01:
        return f"There is no telling which is better {told}."
    if own.f1 > other.f1 and own.called - other.called >= _MORE_ALARMS * own.tiles:
        return (
            f"These weights draw cracks better {told}, but call more sound photos cracked: "
            "trust their masks, not their scores, or give more photos."
        )
    if own.f1 > other.f1:
        return f"These weights are the better ones here {told}."
    return f"Here {name} is still better {told}: keep it, or fit longer."
