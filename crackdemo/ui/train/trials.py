"""A search as SVG, in the page's own colours: the best so far, what mattered, all trials."""

import math
from collections.abc import Sequence
from html import escape
from typing import NamedTuple, Self

from crackdemo.runs.trials import Search, Trial

_WIDTH, _HEIGHT = 640, 224
_LEFT, _RIGHT, _TOP, _BOTTOM = 44, 52, 28, 58
_ROW = 18
"""From one line of text to the next; on a phone letters are as large as that."""
_LOSS = "validation loss"
_LOGARITHMIC = ("learning_rate", "weight_decay", _LOSS)
_UNKNOWN = (
    "What mattered is not known: that takes more trials that came to their end, with losses that "
    "differ."
)
_MOST_LINES = 300
"""Trials that are drawn: more could not be told apart, and every page is sent them."""
_STYLES = {"first": "best", "second": "others", "second dashed": "given up early"}
"""CSS classes of the lines, and what they are; what comes first lies on top."""


class _Column(NamedTuple):
    """From where to where the trials lie on an axis."""

    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Self:
        return cls(min(values), max(values))

    def share(self, value: float) -> float:
        return (value - self.low) / (self.high - self.low) if self.high > self.low else 0.5


def describe_search(search: Search) -> str:
    """HTML: in words, importance as bars, and parallel coordinates."""
    return (
        f"<section class='search'>{''.join(f'<p>{line}</p>' for line in _sentences(search))}"
        f"{_importance(search)}{parallel_coordinates(search)}</section>"
    )


def _sentences(search: Search) -> list[str]:
    finished = _ended(search)
    pruned = sum(trial.state == "pruned" for trial in finished)
    given_up = f", {pruned} of them given up early" if pruned else ""
    lines = [f"Search: {len(finished)} of {search.wanted} trials done{given_up}."]
    best, is_over = search.best, len(finished) >= search.wanted
    if best is not None and best.loss is not None:
        settings = ", ".join(f"{_words(n)} {_number(v)}" for n, v in best.settings.items())
        lines.append(
            f"{'Best' if is_over else 'Best so far'}: trial {best.number}, "
            f"validation loss {best.loss:.4g}, with {escape(settings)}."
            + " The fit with these settings begins anew, and may take longer than a trial."
            * is_over
        )
    return lines


def _importance(search: Search) -> str:
    """A bar for each setting, or why there is none once a trial has ended."""
    if not search.importance:
        return f"<p>{_UNKNOWN}</p>" if _ended(search) else ""
    rows = "".join(
        f"<tr><th>{escape(_words(name))}</th><td><meter value='{share:.3f}'></meter> "
        f"{100 * share:.0f} %</td></tr>"
        for name, share in search.importance.items()
    )
    return f"<table class='importance'><caption>What mattered</caption>{rows}</table>"


def parallel_coordinates(search: Search) -> str:
    """SVG with a legend: an axis for each setting and one for the loss, a line for each trial that
    has ended, the best one on top; empty text before there are two with a loss."""
    measured = [trial for trial in _ended(search) if trial.loss is not None]
    if len(measured) < 2:
        return ""
    best, latest = search.best, measured[-_MOST_LINES:]
    trials = [trial for trial in measured[:-_MOST_LINES] if trial is best] + latest
    names = [*trials[0].settings, _LOSS]
    columns = {name: _Column.of([_value(trial, name) for trial in trials]) for name in names}
    of_style = {style: [t for t in trials if _style(t, best) == style] for style in _STYLES}
    lines = "".join(
        _line(trial, names, columns, style)
        for style, drawn in reversed(of_style.items())
        for trial in drawn
    )
    legend = "".join(
        f'<span class="{style}"><i></i>{_STYLES[style]}</span>'
        for style in _STYLES
        if of_style[style]
    )
    axes = "".join(_axis(place, name, names, columns[name]) for place, name in enumerate(names))
    title = "Trials" if len(trials) == len(measured) else f"The latest {_MOST_LINES} trials"
    return (
        f'<figure class="curves trials"><figcaption><b>{title}</b>{legend}</figcaption>'
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" '
        f'aria-label="Settings and loss of each trial">{lines}{axes}</svg></figure>'
    )


def _ended(search: Search) -> list[Trial]:
    """The others run still, or were left by whoever cancelled: their losses are no results."""
    return [trial for trial in search.trials if trial.state != "running"]


def _style(trial: Trial, best: Trial | None) -> str:
    if trial is best:
        return "first"
    return "second dashed" if trial.state == "pruned" else "second"


def _line(trial: Trial, names: Sequence[str], columns: dict[str, _Column], style: str) -> str:
    points = " ".join(
        f"{_x(place, names):.1f},{_y(columns[name].share(_value(trial, name))):.1f}"
        for place, name in enumerate(names)
    )
    title = f"trial {trial.number}, {trial.state}, {_LOSS} {trial.loss:.4g}"
    return f'<g class="{style}"><polyline points="{points}"><title>{title}</title></polyline></g>'


def _axis(place: int, name: str, names: Sequence[str], column: _Column) -> str:
    x, bottom = _x(place, names), _HEIGHT - _BOTTOM + _ROW
    low, high = (_number(_unscaled(name, end)) for end in (column.low, column.high))
    # a word below the other: names side by side would touch
    words = enumerate(_words(name).split(), start=1)
    return (
        f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{_y(0):.1f}" y2="{_y(1):.1f}"/>'
        f"{_text(x, _TOP - 8, high)}{_text(x, bottom, low)}"
        + "".join(_text(x, bottom + _ROW * row, escape(word)) for row, word in words)
    )


def _text(x: float, y: float, told: str) -> str:
    return f'<text x="{x:.1f}" y="{y}" text-anchor="middle">{told}</text>'


def _value(trial: Trial, name: str) -> float:
    """As it is drawn: rates and losses by their logarithm."""
    value = float((trial.loss or 0.0) if name == _LOSS else trial.settings[name])
    return math.log(max(value, 1e-12)) if name in _LOGARITHMIC else value


def _unscaled(name: str, value: float) -> float:
    return math.exp(value) if name in _LOGARITHMIC else value


def _x(place: int, names: Sequence[str]) -> float:
    return _LEFT + place / (len(names) - 1) * (_WIDTH - _LEFT - _RIGHT)


def _y(share: float) -> float:
    return _HEIGHT - _BOTTOM - share * (_HEIGHT - _TOP - _BOTTOM)


def _words(name: str) -> str:
    return name.replace("_", " ")


def _number(value: float) -> str:
    return f"{value:.3g}"
