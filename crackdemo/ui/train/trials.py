"""A search as SVG, in the page's own colours: the best so far, what mattered, all trials."""

import math
from collections.abc import Sequence
from html import escape

from crackdemo.runs.trials import Search, Trial

_WIDTH, _HEIGHT = 640, 200
_LEFT, _RIGHT, _TOP, _BOTTOM = 44, 44, 24, 34
_LOSS = "validation loss"
_LOGARITHMIC = ("learning_rate", "weight_decay", _LOSS)


def describe_search(search: Search) -> str:
    """HTML: in words, importance as bars, and parallel coordinates."""
    return (
        f"<section class='search'>{''.join(f'<p>{line}</p>' for line in _sentences(search))}"
        f"{_importance(search.importance)}{parallel_coordinates(search)}</section>"
    )


def _sentences(search: Search) -> list[str]:
    finished = [trial for trial in search.trials if trial.state != "running"]
    pruned = sum(trial.state == "pruned" for trial in finished)
    given_up = f", {pruned} of them given up early" if pruned else ""
    lines = [f"Search: {len(finished)} of {search.wanted} trials done{given_up}."]
    best = search.best
    if best is not None and best.loss is not None:
        settings = ", ".join(f"{_words(n)} {_number(v)}" for n, v in best.settings.items())
        lines.append(
            f"Best so far: trial {best.number}, validation loss {best.loss:.4g}, with "
            f"{escape(settings)}."
        )
    return lines


def _importance(importance: dict[str, float]) -> str:
    """A bar for each setting."""
    if not importance:
        return ""
    rows = "".join(
        f"<tr><th>{escape(_words(name))}</th><td><meter value='{share:.3f}'></meter> "
        f"{100 * share:.0f} %</td></tr>"
        for name, share in importance.items()
    )
    return f"<table class='importance'><caption>What mattered</caption>{rows}</table>"


def parallel_coordinates(search: Search) -> str:
    """SVG: an axis for each setting and one for the loss, a line for each trial, the best one on
    top; empty text before there are two trials with a loss."""
    trials = [trial for trial in search.trials if trial.loss is not None]
    if len(trials) < 2:
        return ""
    names = [*trials[0].settings, _LOSS]
    columns = {name: [_value(trial, name) for trial in trials] for name in names}
    best = search.best
    # what comes later is drawn on top
    ordered = sorted(trials, key=lambda trial: (trial is best, trial.state == "complete"))
    lines = "".join(_line(trial, names, columns, trial is best) for trial in ordered)
    axes = "".join(_axis(place, name, names, columns[name]) for place, name in enumerate(names))
    return (
        f'<figure class="curves trials"><svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" '
        f'aria-label="Settings and loss of each trial">{lines}{axes}</svg></figure>'
    )


def _line(
    trial: Trial, names: Sequence[str], columns: dict[str, list[float]], is_best: bool
) -> str:
    points = " ".join(
        f"{_x(place, names):.1f},{_y(_share(_value(trial, name), columns[name])):.1f}"
        for place, name in enumerate(names)
    )
    style = "first" if is_best else "second dashed" if trial.state == "pruned" else "second"
    title = f"trial {trial.number}, {trial.state}, {_LOSS} {trial.loss:.4g}"
    return f'<g class="{style}"><polyline points="{points}"><title>{title}</title></polyline></g>'


def _axis(place: int, name: str, names: Sequence[str], values: list[float]) -> str:
    x = _x(place, names)
    low, high = (_number(_unscaled(name, end)) for end in (min(values), max(values)))
    return (
        f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{_y(0):.1f}" y2="{_y(1):.1f}"/>'
        f'<text x="{x:.1f}" y="{_TOP - 8}" text-anchor="middle">{high}</text>'
        f'<text x="{x:.1f}" y="{_HEIGHT - _BOTTOM + 14}" text-anchor="middle">{low}</text>'
        f'<text x="{x:.1f}" y="{_HEIGHT - 6}" text-anchor="middle">{escape(_words(name))}</text>'
    )


def _value(trial: Trial, name: str) -> float:
    """As it is drawn: rates and losses by their logarithm."""
    value = float((trial.loss or 0.0) if name == _LOSS else trial.settings[name])
    return math.log(max(value, 1e-12)) if name in _LOGARITHMIC else value


def _unscaled(name: str, value: float) -> float:
    return math.exp(value) if name in _LOGARITHMIC else value


def _share(value: float, values: Sequence[float]) -> float:
    low, high = min(values), max(values)
    return (value - low) / (high - low) if high > low else 0.5


def _x(place: int, names: Sequence[str]) -> float:
    return _LEFT + place / (len(names) - 1) * (_WIDTH - _LEFT - _RIGHT)


def _y(share: float) -> float:
    return _HEIGHT - _BOTTOM - share * (_HEIGHT - _TOP - _BOTTOM)


def _words(name: str) -> str:
    return name.replace("_", " ")


def _number(value: float) -> str:
    return f"{value:.3g}"
