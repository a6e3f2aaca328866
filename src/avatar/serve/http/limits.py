"""Bounds on what a client may take: bytes, and time."""

import asyncio

import h11
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

MAX_BODY_BYTES = 2_000_000
BODY_SECONDS = 10.0
HEADER_SECONDS = 10.0
"""A client that takes longer to say what it wants is sent away."""


class BodyLimit:
    """Takes in a body before anything else looks at it: 413 where it is too large, 408 where it is too slow."""

    def __init__(self, app: ASGIApp, max_bytes: int = MAX_BODY_BYTES, seconds: float = BODY_SECONDS) -> None:
        self._app, self._max_bytes, self._seconds = app, max_bytes, seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        claimed = Headers(scope=scope).get("content-length", "")
        if claimed.isdecimal() and int(claimed) > self._max_bytes:
            await self._refuse_size(scope, receive, send)
            return
        parts: list[bytes] = []
        try:
            async with asyncio.timeout(self._seconds):
                while True:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        return
                    parts.append(message.get("body", b""))
                    if sum(map(len, parts)) > self._max_bytes:
                        await self._refuse_size(scope, receive, send)
                        return
                    if not message.get("more_body", False):
                        break
        except TimeoutError:
            answer = _problem(408, f"the request was not complete within {self._seconds:g} seconds", "send it at once")
            await answer(scope, receive, send)
            return
        body: list[Message] = [{"type": "http.request", "body": b"".join(parts), "more_body": False}]

        async def replay() -> Message:
            return body.pop() if body else await receive()

        await self._app(scope, replay, send)

    async def _refuse_size(self, scope: Scope, receive: Receive, send: Send) -> None:
        detail = f"the request is larger than {self._max_bytes / 1e6:g} MB"
        await _problem(413, detail, "send fewer functions, or run `avatar scan`")(scope, receive, send)


class SafeHeaders:
    """Adds to every answer what keeps browsers from guessing, telling and keeping."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["x-content-type-options"] = "nosniff"
                headers["referrer-policy"] = "no-referrer"
                headers["cache-control"] = "no-store"
            await send(message)

        await self._app(scope, receive, sending)


def _problem(status: int, detail: str, hint: str) -> JSONResponse:
    return JSONResponse({"detail": detail, "hint": hint}, status_code=status, headers={"connection": "close"})


class ImpatientProtocol(H11Protocol):
    """uvicorn's HTTP/1.1, but a connection whose request line and headers don't come in time is closed."""

    _timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A client came: its time runs."""
        super().connection_made(transport)
        self._wait()

    def data_received(self, data: bytes) -> None:
        """Bytes came: time runs on while the headers are not complete."""
        super().data_received(data)
        if self.conn.their_state is h11.IDLE and self.conn.our_state is h11.IDLE:
            self._wait()
        else:
            self._rest()

    def connection_lost(self, exc: Exception | None) -> None:
        """The client is gone."""
        self._rest()
        super().connection_lost(exc)

    def _wait(self) -> None:
        if self._timer is None:
            self._timer = self.loop.call_later(HEADER_SECONDS, self._send_away)

    def _rest(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _send_away(self) -> None:
        if not self.transport.is_closing():
            self.transport.write(b"HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
            self.transport.close()
