"""The official specifications, without prose, as judges of requests and answers.

    spec = Spec.load("sponsored-products")
    spec.validate_request("POST", "/sp/keywords", headers, body)
    spec.validate_response("POST", "/sp/keywords", 207, "application/vnd.spKeyword.v3+json", body)

Both raise `SpecMismatch`, an AssertionError, naming every fault. `body` is bytes, text, or what JSON decoding gives.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

import jsonschema

_FOLDER = Path(__file__).parent
_METHODS = ("get", "put", "post", "delete", "patch")


class SpecMismatch(AssertionError):
    """What was sent is not what the specification says."""


@dataclass(frozen=True)
class OperationSpec:
    method: str
    path: str
    body: dict[str, Any]

    @property
    def request_media_types(self) -> tuple[str, ...]:
        return tuple(self.body.get("requestBody", {}).get("content", {}))

    def answer_media_types(self, status: int) -> tuple[str, ...]:
        return tuple(self.body["responses"].get(str(status), {}).get("content", {}))

    @property
    def statuses(self) -> tuple[int, ...]:
        return tuple(int(status) for status in self.body["responses"])


@dataclass(frozen=True)
class Spec:
    """One document: sponsored-products, target-promotion-groups-v2, profiles, reporting or catalog-items."""

    name: str
    document: dict[str, Any]

    @classmethod
    def load(cls, name: str) -> Self:
        return cls(name, _document(name))

    def operations(self) -> Iterator[OperationSpec]:
        for path, operations in self.document["paths"].items():
            for method in _METHODS:
                if method in operations:
                    yield OperationSpec(method.upper(), path, operations[method])

    def operation(self, method: str, path: str) -> OperationSpec:
        """Path templates are matched; a query is ignored."""
        bare = urlsplit(path).path
        for operation in self.operations():
            template = re.sub(r"\\\{[^/]+?\\\}", "[^/]+", re.escape(operation.path))
            if operation.method == method.upper() and re.fullmatch(template, bare):
                return operation
        raise SpecMismatch(f"{self.name} has no {method} {bare}")

    def validate_request(self, method: str, path: str, headers: Mapping[str, str], body: object = None) -> None:
        """Headers (any case), query, exact media types without parameters, and the body with no field unknown."""
        operation = self.operation(method, path)
        given = {name.lower(): value for name, value in headers.items()}
        faults = [*self._parameter_faults(operation, path, given), *self._media_faults(operation, given)]
        media_type = _matching(operation.request_media_types, given.get("content-type"))
        if media_type is not None:
            content = operation.body["requestBody"]["content"][media_type]
            if body in (None, b"", "") and operation.body["requestBody"].get("required"):
                faults.append("the body is missing")
            elif body not in (None, b"", ""):
                faults += self.faults_of(content["schema"], _decoded(body), strict=True)
        _raise(f"{method} {path}", faults)

    def validate_response(self, method: str, path: str, status: int, media_type: str | None, body: object) -> None:
        """The status is one of the operation's, the media type one of that status's, the body fits it."""
        operation = self.operation(method, path)
        where = f"{method} {path} -> {status}"
        if str(status) not in operation.body["responses"]:
            raise SpecMismatch(f"{where}: the status is none of {operation.statuses}")
        matching = _matching(operation.answer_media_types(status), media_type)
        if matching is None:
            raise SpecMismatch(f"{where}: {media_type} is none of {operation.answer_media_types(status)}")
        schema = operation.body["responses"][str(status)]["content"][matching]["schema"]
        _raise(where, self.faults_of(schema, _decoded(body), strict=False))

    def faults_of(self, schema: Mapping[str, Any], value: object, *, strict: bool) -> list[str]:
        """What is wrong with `value`; strict: fields that the schema does not name are wrong too."""
        validator = _validator(self.name, json.dumps(schema, sort_keys=True), strict)
        return [f"{error.json_path}: {error.message[:300]}" for error in validator.iter_errors(value)]

    def _parameter_faults(self, operation: OperationSpec, path: str, headers: Mapping[str, str]) -> Iterator[str]:
        query = dict(parse_qsl(urlsplit(path).query, keep_blank_values=True))
        known = set()
        for parameter in operation.body.get("parameters", []):
            name, place = parameter["name"], parameter["in"]
            values = {"header": headers, "query": query}.get(place, {})
            wanted = name.lower() if place == "header" else name
            known.add((place, wanted))
            if place == "path":
                continue
            if wanted not in values:
                if parameter.get("required"):
                    yield f"{place} {name} is missing"
                continue
            allowed = parameter.get("schema", {}).get("enum")
            if allowed is not None and values[wanted] not in allowed:
                yield f"{place} {name}: {values[wanted]!r} is none of {allowed}"
        yield from (f"query {name} is not a parameter" for name in query if ("query", name) not in known)

    @staticmethod
    def _media_faults(operation: OperationSpec, headers: Mapping[str, str]) -> Iterator[str]:
        content_type, accept = headers.get("content-type"), headers.get("accept")
        if operation.request_media_types and _matching(operation.request_media_types, content_type) is None:
            yield f"Content-Type: {content_type!r} is none of {operation.request_media_types}"
        offered = [
            media_type
            for status in operation.statuses
            if status < 300
            for media_type in operation.answer_media_types(status)
        ]
        if offered and not any(_matching(tuple(offered), one.strip()) for one in (accept or "").split(",")):
            yield f"Accept: {accept!r} is none of {offered}"


@cache
def _document(name: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((_FOLDER / f"{name}.json").read_text())
    return document


@cache
def _validator(name: str, schema: str, strict: bool) -> jsonschema.Draft202012Validator:
    whole = {**_as_json_schema(json.loads(schema), strict), "components": _components(name, strict)}
    checker = jsonschema.Draft202012Validator.FORMAT_CHECKER
    return jsonschema.Draft202012Validator(whole, format_checker=checker)


@cache
def _components(name: str, strict: bool) -> Any:
    return _as_json_schema(_document(name).get("components", {}), strict)


def _as_json_schema(node: Any, strict: bool) -> Any:
    """OpenAPI 3.0 to JSON Schema: `nullable`; in strict form objects are closed."""
    if isinstance(node, list):
        return [_as_json_schema(item, strict) for item in node]
    if not isinstance(node, dict):
        return node
    changed = {name: _as_json_schema(value, strict) for name, value in node.items()}
    if node.get("nullable") is True:
        changed.pop("nullable")
        changed = {"anyOf": [changed, {"type": "null"}]}
    elif strict and node.get("type") == "object" and isinstance(node.get("properties"), dict):
        changed.setdefault("additionalProperties", False)
    return changed


def _matching(media_types: tuple[str, ...], given: str | None) -> str | None:
    return next((one for one in media_types if given is not None and one.lower() == given.strip().lower()), None)


def _decoded(body: object) -> object:
    return json.loads(body) if isinstance(body, bytes | str) else body


def _raise(where: str, faults: list[str]) -> None:
    if faults:
        raise SpecMismatch(f"{where}:\n  " + "\n  ".join(faults))
