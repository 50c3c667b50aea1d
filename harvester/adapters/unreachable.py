"""Why a host cannot be reached, in words of a person who looks after networks."""

import os
from urllib.parse import urlsplit

import aiohttp


def why_unreachable(url: str, error: aiohttp.ClientError | TimeoutError, patience_seconds: float) -> str:
    """One sentence without its full stop: `api.example.com cannot be reached: nobody knows a host of that name`."""
    host = urlsplit(url).netloc.rpartition("@")[2]
    return f"{host} cannot be reached: {_why(error, patience_seconds)}"


def _why(error: aiohttp.ClientError | TimeoutError, patience_seconds: float) -> str:
    match error:
        case TimeoutError():
            return f"no connection within {patience_seconds:g} s"
        case aiohttp.ClientConnectorDNSError():
            return "its name cannot be looked up from here"
        case aiohttp.ClientConnectorCertificateError():
            why = getattr(error.certificate_error, "verify_message", "")
            return "its certificate is not trusted here" + (f" ({why})" if why else "")
        case aiohttp.ClientSSLError():
            return "it speaks no TLS that is understood here"
        case aiohttp.ClientConnectorError() if isinstance(error.os_error, ConnectionRefusedError):
            return "nobody listens there"
        case aiohttp.ClientConnectorError() if error.os_error.errno:
            return os.strerror(error.os_error.errno).lower()
        case _:
            return "no connection"
