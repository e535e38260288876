"""Work that several threads share, its results in the order of what was asked."""

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


def in_order(
    work: Callable[[_Item], _Result],
    items: Iterable[_Item],
    threads: int,
    ahead: int,
    give_up: Callable[[], None] = lambda: None,
) -> Generator[_Result, None, None]:
    """`work` on every item, by so many threads, one result after the other in the items' order.

    At most `threads + ahead` items are begun, or done and not yet taken: what waits is bounded. The
    items are taken by whoever takes the results. One thread and nothing ahead: no thread at all.
    What `work` raises comes in its result's place. Whoever stops early, by `close` or an exception,
    waits for what runs; `give_up` is called before, and may tell it to end.
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
        except BaseException:
            give_up()
            for future in waiting:
                future.cancel()
            raise
