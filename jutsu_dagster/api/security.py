"""Who may ask what: names the server answers to, the token of every POST, how often it is tried."""

from __future__ import annotations

import hmac
import threading
import time
from collections.abc import Callable, Sequence

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from jutsu_dagster.api.problems import RefusedError, problem
from jutsu_dagster.settings import Settings

LOOPBACK = ("localhost", "127.0.0.1", "[::1]")
_POST_OFF = (
    "POST is off: no token is set. Set JUTSU_API_TOKEN to a secret of your own (`openssl rand -hex"
    " 32`), start `jutsu up` again, and send it as `Authorization: Bearer <token>`"
)
_MOST_BODY = 64 * 1024
_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"same-origin"),
)


class TokenBucket:
    """Lets through ``capacity`` at once and one more each ``seconds``.

    Parameters
    ----------
    capacity : int
    seconds : float
    clock : callable
        Seconds that never go back.
    """

    def __init__(
        self, capacity: int = 10, seconds: float = 3.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._capacity, self._seconds, self._clock = capacity, seconds, clock
        self._left, self._at = float(capacity), clock()
        self._lock = threading.Lock()

    def take(self) -> float:
        """Return 0 where one is let through, or else the seconds until the next may come."""
        with self._lock:
            now = self._clock()
            gained = (now - self._at) / self._seconds
            self._left, self._at = min(self._left + gained, float(self._capacity)), now
            if self._left >= 1.0:
                self._left -= 1.0
                return 0.0
            return (1.0 - self._left) * self._seconds


class PostGuard:
    """What stands before every change: a token is set, it is the right one, not tried too often.

    Parameters
    ----------
    settings : Settings
    bucket : TokenBucket, optional
    """

    def __init__(self, settings: Settings, bucket: TokenBucket | None = None) -> None:
        token = settings.api_token.get_secret_value().strip() if settings.api_token else ""
        self._token = token.encode()
        self._bucket = bucket or TokenBucket()

    @property
    def is_on(self) -> bool:
        """Whether a token is set."""
        return bool(self._token)

    def check(self, authorization: str | None) -> None:
        """Do nothing for the header ``Bearer <token>`` with the right token.

        Raises
        ------
        RefusedError
            403 if POST is off, 429 if it is tried too often, 401 for another token or none.
        """
        if not self.is_on:
            raise RefusedError(403, "post-is-off", _POST_OFF)
        wait = self._bucket.take()
        if wait:
            after = str(int(wait) + 1)
            told = f"too many POST requests; try again in {after} s"
            raise RefusedError(429, "too-many-requests", told, {"Retry-After": after})
        scheme, _, given = (authorization or "").partition(" ")
        # Compared even where the scheme is another: the time tells nothing.
        same = hmac.compare_digest(given.strip().encode(), self._token)
        if scheme.lower() != "bearer" or not same:
            told = "the token is not the right one" if authorization else "a token is needed"
            challenge = {"WWW-Authenticate": 'Bearer realm="jutsu"'}
            raise RefusedError(
                401, "unauthorized", f"{told}: send `Authorization: Bearer <JUTSU_API_TOKEN>`",
                challenge,
            )  # fmt: skip


class Door:
    """The outermost layer: known host names only, the guard, no large bodies, careful headers.

    A page of another site that has its name resolve to this machine still sends its own name, so
    the Host header is what keeps it out.

    Parameters
    ----------
    app : ASGIApp
    guard : PostGuard
        Asked of every POST under ``/api``, whatever route it is for.
    hosts : sequence of str
        Names besides the loopback's, without ports.
    """

    def __init__(self, app: ASGIApp, guard: PostGuard, hosts: Sequence[str] = ()) -> None:
        self._app, self._guard = app, guard
        self._hosts = {name.lower() for name in (*LOOPBACK, *hosts) if name}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse a request, or hand it on."""
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        refusal = self._refusal(scope)
        if refusal is not None:
            await refusal(scope, receive, send)
            return

        async def careful(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), *_HEADERS]
            await send(message)

        await self._app(scope, receive, careful)

    def _refusal(self, scope: Scope) -> ASGIApp | None:
        headers = dict(scope["headers"])
        host = headers.get(b"host", b"").decode("latin-1").lower()
        name = host[: host.index("]") + 1] if host.startswith("[") and "]" in host else ""
        if (name or host.partition(":")[0]) not in self._hosts:
            told = (
                "this server answers to localhost only; name others it is reached by in"
                " JUTSU_API_HOSTS"
            )
            return problem(421, "unknown-host", told)
        if scope["type"] != "http" or not is_api(scope["path"]):
            return None
        if scope["method"] == "POST":
            try:
                self._guard.check(headers.get(b"authorization", b"").decode("latin-1") or None)
            except RefusedError as error:
                return problem(error.status, error.kind, str(error), headers=error.headers)
        size = headers.get(b"content-length", b"0")
        chunked = b"transfer-encoding" in headers
        if chunked or not size.isdigit() or int(size) > _MOST_BODY:
            return problem(413, "too-large", f"a body has at most {_MOST_BODY} bytes, and says so")
        return None


class Beside:
    """Hands what is not the API's to another application, behind the same door.

    Parameters
    ----------
    app : ASGIApp
    other : ASGIApp
    """

    def __init__(self, app: ASGIApp, other: ASGIApp) -> None:
        self._app, self._other = app, other

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand a request on to whom it belongs."""
        others = scope["type"] == "http" and not is_api(scope["path"])
        await (self._other if others else self._app)(scope, receive, send)


def is_api(path: str) -> bool:
    """Return whether a path is the API's."""
    return path == "/api" or path.startswith("/api/")
