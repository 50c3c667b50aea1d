"""Answers no specification promises: wrong statuses in every form, cut bodies, dropped connections."""

from aiohttp import web

from harvester.sandbox.fault_rules import Action
from harvester.sandbox.wire import JSON, Answer, json_answer

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
_TITLES = {429: "Too Many Requests", 502: "Bad Gateway", 503: "Service Unavailable", 504: "Gateway Timeout"}


def wrong_answer(action: Action) -> Answer:
    """`form`: json {code, message}; message {message}; html; text; empty. `text` replaces the words, or, being JSON
    and the form json, the whole body.
    """
    status = action.status or 500
    title = action.text or _TITLES.get(status, "Internal Server Error" if status >= 500 else "Error")
    match action.form:
        case "html":
            page = f"<html><head><title>{status} {title}</title></head><body><h1>{status} {title}</h1></body></html>"
            answer = Answer(status, page.encode(), "text/html")
        case "text":
            answer = Answer(status, title.encode(), "text/plain")
        case "empty":
            answer = Answer(status, b"", JSON)
        case "message":
            answer = json_answer({"message": title}, status)
        case _:
            answer = json_answer({"code": _CODES.get(status, "INTERNAL_ERROR"), "message": title}, status)
    answer.headers.update(action.headers)
    return answer


def drop(request: web.BaseRequest) -> web.StreamResponse:
    """Resets the connection. What is returned never leaves."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=500)


async def cut(request: web.BaseRequest, answer: Answer, headers: dict[str, str], share: float) -> web.StreamResponse:
    """Announces the whole body, sends a share of it, and closes."""
    response = web.StreamResponse(status=answer.status, headers=headers)
    response.content_length = len(answer.body)
    await response.prepare(request)
    await response.write(answer.body[: int(len(answer.body) * share)])
    if request.transport is not None:
        request.transport.close()
    return response
