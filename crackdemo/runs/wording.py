"""Numbers and names as they are said of runs."""


def count(number: float, thing: str) -> str:
    """1 photo, 2 photos, 1.5 minutes."""
    return f"{round(number, 2)} {thing}".replace(".0 ", " ") + "s" * (number != 1)


def duration(seconds: float) -> str:
    """12 s, 3 min, 1 h 5 min."""
    if seconds < 99.5:
        return f"{seconds:.1f} s" if seconds < 9.95 else f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    hours, rest = divmod(minutes, 60)
    return " ".join([f"{hours} h"] * bool(hours) + [f"{rest} min"] * bool(rest))


def percent(share: float) -> str:
    """Of a share, 0..1: 9.5 %, 10 %."""
    return f"{100 * share:.1f} %" if share < 0.1 else f"{100 * share:.0f} %"


def spoken(name: str) -> str:
    """`pixel ODS` of `pixel_ods`, `learning rate` of `learning_rate`."""
    words = {"ods": "ODS", "f1": "F1", "iou": "IoU"}
    return " ".join(words.get(word, word) for word in name.split("_"))
