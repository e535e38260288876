"""What a command says on the terminal."""

import logging
import sys
from collections.abc import Iterable

from tqdm import tqdm

from crackdemo.inspection.batch import Kept
from crackdemo.inspection.predict import Failed, Outcome


def say(sentence: str) -> None:
    """On stderr: stdout is for figures."""
    print(sentence, file=sys.stderr)


def tell_all() -> None:
    """From now on what modules note by the way is said too."""
    logging.basicConfig(format="%(message)s")
    logging.getLogger("crackdemo").setLevel(logging.INFO)


def watch(outcomes: Iterable[Outcome | Kept], total: int) -> int:
    """Goes through the outcomes; failures are said, progress is drawn only on a terminal.

    What an earlier run did takes no time: rate and time left are those of the others.
    """
    failed = kept = 0
    with tqdm(total=total, unit="photo", disable=None, leave=False) as bar:
        for outcome in outcomes:
            if isinstance(outcome, Kept):
                kept += 1
                bar.total = total - kept
                if bar.n == 0:  # nothing was looked at yet, so that no time counts either
                    bar.reset(bar.total)
                continue
            bar.update()
            if isinstance(outcome, Failed):
                failed += 1
                tqdm.write(f"{outcome.source.file}: {outcome.reason}", file=sys.stderr)
    told = f"{total - failed} of {total} photos done"
    if kept:
        told += f", {kept} of them before"
    say(told + (", the others see above." if failed else "."))
    return 1 if failed else 0
