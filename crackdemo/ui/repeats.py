"""Requests that come again because their answer was lost on the way: what they ask for is done
once."""

import asyncio
from collections import OrderedDict

from starlette.types import ASGIApp, Message, Receive, Scope, Send

EVENT = "X-Event"
"""By this header the page names what it asks for."""
_KNOWN = 2_000
"""Requests whose answers are kept; the oldest are forgotten first."""


class Repeats:
    """Threads do not share it: it lives in the server's loop."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._answers: OrderedDict[str, asyncio.Future[list[Message]]] = OrderedDict()

    async def once(self, name: str, scope: Scope, receive: Receive, send: Send) -> None:
        """Asks the application for the first of a name; to others of that name it says the same."""
        if name in self._answers:
            for message in await asyncio.shield(self._answers[name]):
                await send(message)
            return
        answer = self._answers[name] = asyncio.get_running_loop().create_future()
        if len(self._answers) > _KNOWN:
            self._answers.popitem(last=False)
        messages: list[Message] = []

        async def sending(message: Message) -> None:
            messages.append({**message})
            await send(message)

        try:
            await self._app(scope, receive, sending)
        except BaseException:
            self._answers.pop(name, None)
            answer.cancel()
            raise
        answer.set_result(messages)
