"""The official Catalog Items document, which is Swagger 2.0, as a judge of requests and answers."""

import json
import re
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import jsonschema

from tests.contracts.spec import SpecMismatch

ITEMS = "/catalog/2022-04-01/items"
ITEM = f"{ITEMS}/{{asin}}"


@cache
def document() -> dict[str, Any]:
    read: dict[str, Any] = json.loads((Path(__file__).parent / "catalog-items.json").read_text())
    return read


def operation(path: str) -> dict[str, Any]:
    template = ITEMS if urlsplit(path).path == ITEMS else ITEM
    found: dict[str, Any] = document()["paths"][template]["get"]
    return found


def request_faults(path: str) -> list[str]:
    """What is wrong with a request's query: parameters, enums, bounds, what is required."""
    given = dict(parse_qsl(urlsplit(path).query, keep_blank_values=True))
    known = {each["name"]: each for each in operation(path)["parameters"] if each["in"] == "query"}
    faults = [f"{name} is not a parameter" for name in given if name not in known]
    for name, parameter in known.items():
        if name not in given:
            faults += [f"{name} is missing"] if parameter["required"] else []
            continue
        values = given[name].split(",") if parameter["type"] == "array" else [given[name]]
        allowed = parameter.get("items", parameter).get("enum")
        if len(values) > parameter.get("maxItems", len(values)):
            faults.append(f"{name} holds {len(values)}")
        if allowed is not None:
            faults += [f"{name}: {value} is none of {allowed}" for value in values if value not in allowed]
        if parameter["type"] == "integer" and not (
            values[0].isdigit() and int(values[0]) <= parameter.get("maximum", int(values[0]))
        ):
            faults.append(f"{name}: {values[0]}")
    return faults


def answer_faults(path: str, status: int, body: object) -> list[str]:
    """What is wrong with an answer; statuses that the document does not list are wrong too."""
    answers = operation(path)["responses"]
    if str(status) not in answers:
        return [f"{status} is none of {sorted(answers)}"]
    whole = {**answers[str(status)]["schema"], "definitions": document()["definitions"]}
    return [
        f"{error.json_path}: {error.message[:200]}" for error in jsonschema.Draft4Validator(whole).iter_errors(body)
    ]


def demand_request(path: str, headers: dict[str, str]) -> None:
    """The query fits the document, and the headers the guides: the token by itself, and the form of the user agent."""
    faults = request_faults(path)
    if not re.fullmatch(r"\S+/\S+ \(Language=[^)]+\)", headers.get("User-Agent", "")):
        faults.append(f"User-Agent: {headers.get('User-Agent')}")
    if not headers.get("x-amz-access-token", "").startswith("Atza|") or "Authorization" in headers:
        faults.append("the token belongs into x-amz-access-token, and nowhere else")
    if faults:
        raise SpecMismatch(f"{path}: {faults}")
