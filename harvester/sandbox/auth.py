"""Login with Amazon: access tokens from refresh tokens, and who a request comes from."""

import hashlib
from collections.abc import Sequence
from urllib.parse import parse_qs

from harvester.sandbox.fault_rules import Action
from harvester.sandbox.wire import Answer, json_answer, unauthorized
from harvester.sandbox.world import Account

TOKEN_PATH = "/auth/o2/token"  # noqa: S105 - a path

_STATUS = {"invalid_client": 401, "server_error": 500}
_TEXTS = {
    "invalid_grant": "The request has an invalid grant parameter : refresh_token",
    "invalid_client": "Client authentication failed",
    "unauthorized_client": "The client is not authorized to use this authorization grant type",
    "unsupported_grant_type": "The authorization grant type is not supported by the authorization server",
    "invalid_request": "The request is missing a required parameter",
    "server_error": "The authorization server encountered an unexpected condition",
}


class Logins:
    """Every access token given out, until it has expired."""

    def __init__(self, accounts: list[Account], lifetime_seconds: float, partners: Sequence[Account] = ()) -> None:
        """`partners`: the grants of selling partners, which open nothing but the Catalog API."""
        self._accounts = accounts
        self._partners = partners
        self._lifetime_seconds = lifetime_seconds
        self._tokens: dict[str, tuple[Account, float]] = {}
        self._given = 0

    def answer(self, content_type: str, body: bytes, action: Action, now: float) -> Answer:
        """The token endpoint's answer to a form with grant_type, refresh_token, client_id and client_secret."""
        if action.lwa_error is not None:
            return _refusal(action.lwa_error)
        if content_type.split(";", maxsplit=1)[0].strip().lower() != "application/x-www-form-urlencoded":
            return _refusal("invalid_request")
        form = {name: values[0] for name, values in parse_qs(body.decode(errors="replace")).items()}
        if not {"grant_type", "client_id", "client_secret"} <= form.keys():
            return _refusal("invalid_request")
        if form["grant_type"] != "refresh_token":
            return _refusal("unsupported_grant_type")
        secrets = {account.client_id: account for account in (*self._accounts, *self._partners)}
        account = secrets.get(form["client_id"])
        if account is None or account.client_secret != form["client_secret"]:
            return _refusal("invalid_client")
        if form.get("refresh_token") != account.refresh_token:
            return _refusal("invalid_grant")
        return self._grant(account, now)

    def _grant(self, account: Account, now: float) -> Answer:
        self._given += 1
        mark = hashlib.sha256(f"{account.client_id} {self._given}".encode()).hexdigest()
        token = f"Atza|IwEBI{mark}"
        self._tokens = {known: (owner, until) for known, (owner, until) in self._tokens.items() if until > now}
        self._tokens[token] = (account, now + self._lifetime_seconds)
        body = {
            "access_token": token,
            "token_type": "bearer",
            "expires_in": int(self._lifetime_seconds),
            "refresh_token": account.refresh_token,
        }
        return json_answer(body)

    def expire_all(self) -> None:
        self._tokens.clear()

    def account_of(self, authorization: str | None, client_id: str | None, now: float) -> Account:
        """Raises `ApiError` 401 unless the token is in force and was given to that client."""
        if not authorization or not authorization.startswith("Bearer "):
            raise unauthorized("HTTP 401 Unauthorized: no access token in the Authorization header")
        account, until = self._tokens.get(authorization.removeprefix("Bearer "), (None, 0.0))
        if account is None or until <= now or account in self._partners:
            raise unauthorized("Not authorized: the access token is invalid or has expired")
        if client_id is None:
            raise unauthorized("Amazon-Advertising-API-ClientId header is missing")
        if client_id != account.client_id:
            raise unauthorized("Amazon-Advertising-API-ClientId does not fit the access token")
        return account

    def partner_of(self, token: str, now: float) -> Account | None:
        """The selling partner that a token in force was given to."""
        account, until = self._tokens.get(token, (None, 0.0))
        return account if account in self._partners and until > now else None


def _refusal(error: str) -> Answer:
    return json_answer({"error": error, "error_description": _TEXTS[error]}, _STATUS.get(error, 400))
