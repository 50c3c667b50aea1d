"""Not one secret comes out: not on a stream, not in the ledger, not in a file."""

from collections.abc import Callable, Sequence
from pathlib import Path
from zipfile import ZipFile

import pytest

from tests.acceptance.command_line import Harvester
from tests.acceptance.pretend_amazon import PretendAmazon, on
from tests.acceptance.records import Ledger

Harvesters = Callable[[PretendAmazon, str], Harvester]

CANARY = "plain canary that looks like nothing 8f2a"
OURS = {
    "ACCOUNTS__THIRD__CLIENT_ID": "amzn1.application-oa2-client.stranger",
    "ACCOUNTS__THIRD__CLIENT_SECRET": CANARY,
    "ACCOUNTS__THIRD__REFRESH_TOKEN": CANARY,
    "ACCOUNTS__THIRD__REGION": "NA",
    "ACCOUNTS__FIRST__SELLING_PARTNER__CLIENT_ID": "amzn1.application-oa2-client.catalog",
    "ACCOUNTS__FIRST__SELLING_PARTNER__CLIENT_SECRET": CANARY,
    "ACCOUNTS__FIRST__SELLING_PARTNER__REFRESH_TOKEN": CANARY,
}
ASK_AMAZON = {"plan", "coverage", "doctor"}
COMMANDS = [
    ("plan",),
    ("plan", "--json"),
    ("plans", "--json"),
    ("show", "p1", "--all", "--json"),
    ("show", "p1"),
    ("show", "p1", "--markdown"),
    ("show", "p1", "--requests"),
    ("coverage",),
    ("doctor",),
    ("migrate",),
    *(("export", "p1", "--format", form) for form in ("csv", "json", "markdown")),
    ("export", "p1", "--format", "bulksheet", "--all-items", "--output", "sheet.xlsx"),
]


@pytest.mark.parametrize(("log_format", "commands"), [("console", COMMANDS), ("json", COMMANDS[:2])])
def test_no_secret_comes_out(
    log_format: str,
    commands: Sequence[tuple[str, ...]],
    harvesters: Harvesters,
    two_logins: PretendAmazon,
    dsn: str,
    ledger: Ledger,
) -> None:
    """Logins that work, a login that is refused, and an Amazon that repeats in its errors what it was sent."""
    logins = two_logins.ready["accounts"]
    secrets = [CANARY, *(login[name] for login in logins for name in ("client_secret", "refresh_token"))]
    told = f"who is {secrets[1]} with {secrets[2]} and Bearer Atza|made-up-token or {CANARY}"
    harvester = harvesters(two_logins, dsn)
    third = {
        "ACCOUNTS__THIRD__ADS_URL": two_logins.ready["ads_url"],
        "ACCOUNTS__THIRD__LWA_URL": two_logins.ready["lwa_url"],
    }
    settings = {**OURS, **third, "LOG_LEVEL": "debug", "LOG_FORMAT": log_format}
    two_logins.begin(
        on("/sp/keywords/list", {"status": 403, "text": told.replace(CANARY, "it")}, profile=logins[0]["profiles"][0]),
        on("/sp/campaigns/list", {"status": 503, "form": "html", "text": told.replace(CANARY, "it")}, every=2),
        on("/auth/*", {"expire_tokens": True}, nth=2),
    )

    said = [(arguments, harvester(*arguments, **settings)) for arguments in commands]

    secrets += ["Atza|", "Atzr|", "amzn1.oa2-cs"]
    assert any("who is [hidden] with [hidden]" in result.out for _, result in said), "nobody was put to the test"
    assert {result.code for (name, *_), result in said if name not in ASK_AMAZON} <= {0}
    for arguments, result in said:
        assert "Traceback" not in result.err
        assert found_in(result.out + result.err, secrets) == [], arguments
    for table in ledger.tables():
        text = "\n".join(row["whole"] for row in ledger.rows(f"SELECT t::text AS whole FROM {table} AS t"))
        assert found_in(text, secrets) == [], table
    for path in harvester.folder.rglob("*"):
        if path.is_file():
            assert found_in(text_of(path), secrets) == [], path


def text_of(path: Path) -> str:
    """Of a spreadsheet, all its parts."""
    if path.suffix != ".xlsx":
        return path.read_bytes().decode(errors="replace")
    with ZipFile(path) as parts:
        return "\n".join(parts.read(name).decode(errors="replace") for name in parts.namelist())


def found_in(text: str, secrets: Sequence[str]) -> list[str]:
    return [secret for secret in secrets if secret in text]
