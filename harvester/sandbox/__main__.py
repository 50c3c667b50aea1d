"""`python -m harvester.sandbox`: the pretend Amazon alone."""

import argparse
import datetime as dt
import sys
from pathlib import Path

from harvester.sandbox.fault_rules import load_rules
from harvester.sandbox.serving import run
from harvester.sandbox.settings import DIALECTS, Options


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="harvester sandbox", description=__doc__)
    defaults = Options()
    add = parser.add_argument
    add("--host", default=defaults.host, help="the address to listen on")
    add("--port", type=int, default=defaults.port, help="0 = any free one; the ready line on stdout names it")
    add("--profiles", type=int, default=defaults.profiles, help="how many advertisers there are")
    add("--accounts", type=int, default=defaults.accounts, help="logins; profiles are dealt out among them")
    add("--recommendations", type=int, default=defaults.recommendations, help="rows per profile")
    add("--seed", type=int, default=defaults.seed, help="another seed, another market")
    add("--faults", type=Path, help="JSON file with a list of fault rules")
    add("--latency", type=float, default=0.0, metavar="MS", help="added to every answer")
    add("--rate", type=float, default=0.0, help="requests per second and host, else 429; 0 = no limit")
    add("--catalog-rate", type=float, default=0.0, help="catalog requests per second, login and kind; 0 = no limit")
    add(
        "--token-lifetime",
        type=float,
        default=defaults.token_lifetime_seconds,
        metavar="SECONDS",
        help="how long an access token holds",
    )
    add(
        "--report-seconds",
        type=float,
        default=defaults.report_seconds,
        metavar="SECONDS",
        help="how long a report takes to be made",
    )
    add(
        "--first-day",
        type=dt.date.fromisoformat,
        metavar="DATE",
        help="what the calendar shows at the start, YYYY-MM-DD, if not today",
    )
    add("--dialect", choices=DIALECTS, default=defaults.dialect, help="whose form answers take")
    add("--accept-plain-json", action="store_true", help="also take application/json for every media type")
    add("--until-stdin-closes", action="store_true", help="end with the program that started it")
    return parser


def main(arguments: list[str] | None = None) -> int:
    parser = _parser()
    given = parser.parse_args(arguments)
    if given.profiles < 1 or not 1 <= given.accounts <= given.profiles:
        parser.error("--profiles must be at least 1, --accounts between 1 and --profiles")
    try:
        faults = load_rules(given.faults.read_bytes()) if given.faults else ()
    except (OSError, ValueError) as error:
        parser.error(f"--faults: {error}")
    options = Options(
        host=given.host,
        port=given.port,
        profiles=given.profiles,
        accounts=given.accounts,
        recommendations=given.recommendations,
        seed=given.seed,
        latency_ms=given.latency,
        rate=given.rate,
        catalog_rate=given.catalog_rate,
        token_lifetime_seconds=given.token_lifetime,
        report_seconds=given.report_seconds,
        first_day=given.first_day,
        dialect=given.dialect,
        accept_plain_json=given.accept_plain_json,
        faults=faults,
    )
    try:
        run(options, until_stdin_closes=given.until_stdin_closes)
    except OSError as error:
        parser.error(f"cannot listen on {given.host}:{given.port} ({error.strerror}); --port 0 takes a free one")
    return 0


if __name__ == "__main__":
    sys.exit(main())
