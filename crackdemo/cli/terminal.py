"""What a command says on the terminal."""

import sys
from collections.abc import Iterable

from tqdm import tqdm

from crackdemo.inspection.predict import Failed, Outcome


def say(sentence: str) -> None:
    """On stderr: stdout is for figures."""
    print(sentence, file=sys.stderr)


def watch(outcomes: Iterable[Outcome], total: int) -> int:
    """Goes through the outcomes; failures are said, progress is drawn only on a terminal."""
    failed = 0
    for outcome in tqdm(outcomes, total=total, unit="photo", disable=None, leave=False):
        if isinstance(outcome, Failed):
            failed += 1
            tqdm.write(f"{outcome.source.file}: {outcome.reason}", file=sys.stderr)
    say(f"{total - failed} of {total} photos done" + (", the others see above." if failed else "."))
    return 1 if failed else 0
