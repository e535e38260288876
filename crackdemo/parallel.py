"""Work that several threads share, its results in the order of what was asked."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


def in_order(
    work: Callable[[_Item], _Result], items: Iterable[_Item], threads: int, ahead: int
) -> Iterator[_Result]:
    """`work` on every item, by so many threads, one result after the other in the items' order.

    At most `threads + ahead` items are begun, or done and not yet taken: what waits is bounded. The
    items are taken by whoever takes the results. One thread and nothing ahead: no thread at all.
    What `work` raises comes in its result's place; whoever stops early waits for what runs.
    """
    if threads + ahead <= 1:
        yield from map(work, items)
        return
    waiting: deque[Future[_Result]] = deque()
    with ThreadPoolExecutor(threads) as pool:
        try:
            for item in items:
                waiting.append(pool.submit(work, item))
                if len(waiting) >= threads + ahead:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()
