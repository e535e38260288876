"""What a request brings: read within bounds, before gradio sees it."""

import json
from collections import deque
from collections.abc import Iterator
from typing import Any

from starlette.types import Message, Receive

_MAX_PARTS = 300_000
"""Values in one body: to read a million of them holds everybody up. 2,000 photos have 30,000."""
_MAX_DEPTH = 100
"""Values in each other: what reads a body deeper than that breaks off."""
_MAX_WHOLE = 2**63
"""Larger numbers break the answer off, for it cannot be written."""


class Refusal(Exception):
    """An answer in place of gradio's."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


async def read(receive: Receive, most: int) -> bytes:
    """A body. Raises Refusal where it has more bytes."""
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return bytes(body)
        body.extend(message.get("body", b""))
        if len(body) > most:
            raise Refusal(413, f"This request holds at most {most:,} bytes: upload files.")
        if not message.get("more_body", False):
            return bytes(body)


def again(body: bytes, receive: Receive) -> Receive:
    """Gives the body that was read, then what else comes."""
    messages: Iterator[Message] = iter([{"type": "http.request", "body": body, "more_body": False}])

    async def receiving() -> Message:
        message = next(messages, None)
        return await receive() if message is None else message

    return receiving


def as_json(body: bytes) -> Any:
    """None where it is none. Raises Refusal for too many values, or too many in each other."""
    if sum(map(body.count, (b"[", b"{", b","))) > _MAX_PARTS:
        raise Refusal(413, f"A request holds at most {_MAX_PARTS:,} values: send less at once.")
    try:
        return json.loads(body)
    except ValueError:
        return None
    except RecursionError:
        raise _too_deep() from None


def _too_deep() -> Refusal:
    return Refusal(
        400, f"A request holds at most {_MAX_DEPTH} values in each other: send it flatter."
    )


def paths_in(values: Any) -> list[str]:
    """All texts that stand under "path". Raises Refusal for what no answer could hold again, and
    for too many values in each other."""
    found: list[str] = []
    waiting: deque[tuple[Any, int]] = deque([(values, 0)])
    while waiting:
        each, depth = waiting.pop()
        if depth > _MAX_DEPTH:
            raise _too_deep()
        if isinstance(each, dict):
            if isinstance(each.get("path"), str):
                found.append(each["path"])
            waiting.extend((part, depth + 1) for part in (*each.keys(), *each.values()))
        elif isinstance(each, list):
            waiting.extend((part, depth + 1) for part in each)
        elif isinstance(each, str) and not _is_whole(each):
            raise Refusal(400, "A text holds half a letter: send it as UTF-8.")
        elif isinstance(each, int) and abs(each) > _MAX_WHOLE:
            raise Refusal(400, "A number is too large: send a smaller one.")
    return found


def _is_whole(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
