"""Connections from the load balancer to one target."""

from __future__ import annotations

import aiohttp

MAX_HEADER_BYTES = 16 * 1024
"""Longest request line and longest single header.

See: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-troubleshooting.html (HTTP 400)
"""

# An idle connection is kept for less time than servers commonly keep theirs, so that a reused one is rarely a closed
# one.
_IDLE_SECONDS = 4.0
_ADDED_BY_CLIENT = ("User-Agent", "Accept", "Accept-Encoding", "Content-Type")


class TargetConnections:
    """A pool for requests that may be sent again, and fresh connections for all others.

    A target may close a kept connection at the moment we send the next request on it. A GET or another idempotent
    request without a body is then sent again. A POST must not be sent twice, so it never gets a used connection.
    """

    __slots__ = ("_closed", "_fresh", "_kept")

    def __init__(self) -> None:
        self._kept: aiohttp.ClientSession | None = None
        self._fresh: aiohttp.ClientSession | None = None
        self._closed = False

    def kept(self) -> aiohttp.ClientSession:
        """A client whose connections are used again. Raises ClientConnectionError after :meth:`close`."""
        self._check()
        self._kept = self._kept or open_session(keep=True)
        return self._kept

    def fresh(self) -> aiohttp.ClientSession:
        """A client that opens a connection for each request. Raises ClientConnectionError after :meth:`close`."""
        self._check()
        self._fresh = self._fresh or open_session(keep=False)
        return self._fresh

    async def close(self) -> None:
        """Close every connection, also those in use, for good."""
        self._closed = True
        for session in (self._kept, self._fresh):
            if session is not None:
                await session.close()

    def _check(self) -> None:
        if self._closed:
            raise aiohttp.ClientConnectionError("The target was deregistered.")


def open_session(*, keep: bool) -> aiohttp.ClientSession:
    """A client that adds nothing to a request, follows nothing and remembers no cookies."""
    connector = (
        aiohttp.TCPConnector(limit=0, keepalive_timeout=_IDLE_SECONDS)
        if keep
        else aiohttp.TCPConnector(limit=0, force_close=True)
    )
    return aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        skip_auto_headers=_ADDED_BY_CLIENT,
        max_line_size=MAX_HEADER_BYTES,
        max_field_size=MAX_HEADER_BYTES,
        trust_env=False,
    )
