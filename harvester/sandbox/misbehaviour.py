"""Answers no specification promises: wrong statuses in every form, cut bodies, dropped connections."""

import asyncio
from collections.abc import Iterator

from aiohttp import web

from harvester.sandbox.fault_rules import Action
from harvester.sandbox.wire import JSON, Answer, ApiError, json_answer

_CODES = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHORIZED",
    403: "ACCESS_DENIED",
    404: "NOT_FOUND",
    415: "UNSUPPORTED_MEDIA_TYPE",
    429: "THROTTLED",
    500: "INTERNAL_ERROR",
    501: "NOT_IMPLEMENTED",
    503: "SERVICE_UNAVAILABLE_EXCEPTION",
}
_TITLES = {
    429: "Too Many Requests",
    501: "Not Implemented",
    502: "Bad Gateway",
    503: "Service Unavailable",
    504: "Gateway Timeout",
}


def error_of(action: Action) -> ApiError:
    status = action.status or 500
    title = action.text or _TITLES.get(status, "Internal Server Error" if status >= 500 else "Error")
    return ApiError(status, _CODES.get(status, "INTERNAL_ERROR"), title)


def formless(error: ApiError, form: str) -> Answer:
    """Errors in a form that no family uses: message {message}, html, text, empty."""
    status, title = error.status, error.message
    match form:
        case "html":
            page = f"<html><head><title>{status} {title}</title></head><body><h1>{status} {title}</h1></body></html>"
            return Answer(status, page.encode(), "text/html")
        case "text":
            return Answer(status, title.encode(), "text/plain")
        case "empty":
            return Answer(status, b"", JSON)
        case _:
            return json_answer({"message": title}, status)


def drop(request: web.BaseRequest) -> web.StreamResponse:
    """Resets the connection. What is returned never leaves."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=500)


async def streamed(
    request: web.BaseRequest, pieces: Iterator[bytes], headers: dict[str, str], share: float | None
) -> web.StreamResponse:
    """Sends pieces as they are made, other requests in between. A cut one stops within its first megabyte."""
    response = web.StreamResponse(status=200, headers=headers)
    response.enable_chunked_encoding()
    await response.prepare(request)
    sent = 0
    for piece in pieces:
        await response.write(piece) if piece else await asyncio.sleep(0)
        sent += len(piece)
        if share is not None and sent >= share * 2**20:
            if request.transport is not None:
                request.transport.close()
            return response
    await response.write_eof()
    return response


async def cut(request: web.BaseRequest, answer: Answer, headers: dict[str, str], share: float) -> web.StreamResponse:
    """Announces the whole body, sends a share of it, and closes."""
    response = web.StreamResponse(status=answer.status, headers=headers)
    response.content_length = len(answer.body)
    await response.prepare(request)
    await response.write(answer.body[: int(len(answer.body) * share)])
    if request.transport is not None:
        request.transport.close()
    return response
