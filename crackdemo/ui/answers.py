"""What every answer says to the browser beside what gradio says: whom it may trust, and who the
visitor is."""

from starlette.datastructures import MutableHeaders
from starlette.types import Message, Send

from crackdemo.ui.visitors import COOKIE

_HOME = "'self'"
_SPACES = "'self' https://huggingface.co https://*.huggingface.co https://*.hf.space"


def with_headers(send: Send, path: str, is_space: bool) -> Send:
    """Of what was asked for at `path`; is_space: the Hub shows the page in a frame of its own."""
    frames = _SPACES if is_space else _HOME

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers["X-Content-Type-Options"] = "nosniff"
            headers["Referrer-Policy"] = "same-origin"
            headers["Content-Security-Policy"] = _policy(frames, is_space)
            if path == "/":
                headers["Cache-Control"] = "no-store"  # or the Back button shows who was here
            for name in list(headers.keys()):
                if name.lower().startswith("access-control-"):
                    del headers[name]
            if not is_space:
                headers["X-Frame-Options"] = "SAMEORIGIN"
        await send(message)

    return sending


def with_cookie(send: Send, cookie: str, is_space: bool) -> Send:
    """Gives a visitor's cookie to the browser."""
    # in the Hub's frame the page is a third party
    rest = "SameSite=None; Secure; Partitioned" if is_space else "SameSite=Lax"

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            MutableHeaders(scope=message).append(
                "Set-Cookie", f"{COOKIE}={cookie}; Path=/; HttpOnly; {rest}"
            )
        await send(message)

    return sending


def _policy(frames: str, is_space: bool) -> str:
    """Gradio's page is made of inline scripts, and makes functions of the texts of others."""
    hub = " https://huggingface.co https://cdnjs.cloudflare.com" if is_space else ""
    return "; ".join(
        [
            "default-src 'self'",
            f"script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:{hub}",
            "style-src 'self' 'unsafe-inline'",
            f"img-src 'self' data: blob:{hub}",
            "font-src 'self' data:",
            f"connect-src 'self' data: blob:{hub}",
            "worker-src 'self' blob:",
            "media-src 'self' blob:",
            "object-src 'none'",
            "base-uri 'self'",
            f"form-action 'self'{hub}",
            f"frame-ancestors {frames}",
        ]
    )
