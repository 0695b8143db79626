"""Passes events on to the pages that are open."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, TypeAlias

Event: TypeAlias = Mapping[str, Any]

MOST_STREAMS = 32
"""The most pages that are told of events. A further one replaces the oldest, which asks again."""

_WAITING = 256


class Subscription:
    """The events that a page has not been sent yet. A page that is too slow loads everything."""

    def __init__(self) -> None:
        self._queue: asyncio.Queue[Event | None] = asyncio.Queue(_WAITING)

    def put(self, event: Event | None) -> None:
        """Add an event; None ends the stream."""
        if self._queue.full():
            while not self._queue.empty():
                self._queue.get_nowait()
            self._queue.put_nowait({"type": "reload"})
        self._queue.put_nowait(event)

    async def get(self, timeout: float) -> Event | None:
        """Return the next event, or None at the end of the stream.

        Raises:
            TimeoutError: if none comes in time, in seconds.
        """
        return await asyncio.wait_for(self._queue.get(), timeout)


class Hub:
    """The pages that are open."""

    def __init__(self) -> None:
        self._subscriptions: list[Subscription] = []
        self._closed = False

    def subscribe(self) -> Subscription:
        """Begin to pass events on to one more page."""
        while len(self._subscriptions) >= MOST_STREAMS:
            self._subscriptions.pop(0).put(None)
        subscription = Subscription()
        if self._closed:
            subscription.put(None)
        self._subscriptions.append(subscription)
        return subscription

    def unsubscribe(self, subscription: Subscription) -> None:
        """End it."""
        if subscription in self._subscriptions:
            self._subscriptions.remove(subscription)

    def publish(self, event: Event) -> None:
        """Pass an event on to all pages."""
        for subscription in self._subscriptions:
            subscription.put(event)

    def close(self) -> None:
        """End all streams, and those that begin from now on."""
        self._closed = True
        for subscription in self._subscriptions:
            subscription.put(None)
        self._subscriptions.clear()
