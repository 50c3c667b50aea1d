"""Asks for pages in one profile's name."""

from collections.abc import Callable, Mapping
from typing import TypeVar

import msgspec

from harvester.adapters.ads.protocol import Endpoint, Operation
from harvester.adapters.ads.wire import PageReader, WirePage
from harvester.adapters.exchange import Answer, Caller
from harvester.adapters.http import HttpClient

W = TypeVar("W", bound=msgspec.Struct)
D = TypeVar("D")


class Asker:
    def __init__(self, http: HttpClient, endpoint: Endpoint, caller: Caller) -> None:
        self._http = http
        self._endpoint = endpoint
        self._caller = caller

    async def page(
        self,
        operation: Operation,
        pages: PageReader[W],
        body: Mapping[str, object],
        token: str | None,
        asked_with: str = "nextToken",
    ) -> WirePage[W]:
        whole = body if token is None else {**body, asked_with: token}
        return await self._http.send(self._endpoint.request(operation, self._caller, whole), pages.read)

    async def answer(self, operation: Operation, body: Mapping[str, object] | None, read: Callable[[Answer], D]) -> D:
        """Of a call that is no list."""
        return await self._http.send(self._endpoint.request(operation, self._caller, body), read)
