"""A web hook on loopback, as Apprise's `json://` speaks to it, with a token wherever an address can hold one."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

CANARY = "canaryT0kenQ7f3a9c1d"


class Hook:
    """Answers with a status, or not before it is let go. In threads of its own: commands under test take the main one."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, dict[str, Any]]] = []
        self.status = 200
        self.answers = threading.Event()
        self.answers.set()
        hook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                hook.seen.append((self.path.partition("?")[0], json.loads(body)))
                hook.answers.wait()
                said = f"who is {self.path}?".encode()
                self.send_response(hook.status)
                self.send_header("Content-Length", str(len(said)))
                self.end_headers()
                self.wfile.write(said)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
                """It says nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)

    def url(self, token: str = CANARY) -> str:
        return f"json://user:{token}@127.0.0.1:{self.server.server_port}/{token}?+X-Token={token}"


@contextmanager
def opened() -> Iterator[Hook]:
    hook = Hook()
    thread = threading.Thread(target=hook.server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield hook
    finally:
        hook.answers.set()
        hook.server.shutdown()
        thread.join()
        hook.server.server_close()
