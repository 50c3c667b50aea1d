"""A made-up report of search terms, and a server that does nothing but hand it out."""

import argparse
import asyncio
import gzip
import random
import signal
import sys
from datetime import date, timedelta
from pathlib import Path

import uvloop
from aiohttp import web

FIRST_DAY = date(2026, 10, 1)
DAYS = 31
_WORDS = [
    f"{first}{second}"
    for first in ("run", "gar", "org", "wat", "lun", "out")
    for second in ("ning", "den", "anic", "er")
]
_TYPES = ("BROAD", "PHRASE", "EXACT", "TARGETING_EXPRESSION", "TARGETING_EXPRESSION_PREDEFINED")


def make(path: Path, rows: int) -> None:
    """Day by day; within a day in no order. A term comes on about ten days, a keyword has about forty terms."""
    dice = random.Random(7)
    terms = [_term(dice, number) for number in range(max(rows // 10, 1))]
    with gzip.open(path, "wt", compresslevel=5, encoding="utf-8") as file:
        file.write("[")
        for number in range(rows):
            day = FIRST_DAY + timedelta(days=number * DAYS // rows)
            place = dice.randrange(len(terms))
            file.write(("," if number else "") + _row(dice, day, terms[place], place // 40))
        file.write("]")


def _term(dice: random.Random, number: int) -> str:
    if number % 20 == 0:
        return f"b0{number:08d}"
    return " ".join(dice.choice(_WORDS) for _ in range(dice.randint(2, 5)))


def _row(dice: random.Random, day: date, term: str, keyword: int) -> str:
    clicks = int(dice.expovariate(0.5)) + 1
    orders = int(dice.random() < 0.08 * clicks)
    return (
        f'{{"date":"{day}","campaignId":{10**14 + keyword // 50},"adGroupId":{2 * 10**14 + keyword // 10},'
        f'"keywordId":{3 * 10**14 + keyword},"targeting":"{_WORDS[keyword % len(_WORDS)]} {keyword}",'
        f'"keywordType":"{_TYPES[keyword % 5]}","matchType":"{_TYPES[keyword % 5]}","impressions":{clicks * 31},'
        f'"clicks":{clicks},"cost":{clicks * 0.37:.2f},"searchTerm":"{term}","purchases7d":{orders},'
        f'"sales7d":{orders * 24.99:.2f}}}'
    )


async def serve(path: Path) -> None:
    async def hand_out(_request: web.BaseRequest) -> web.StreamResponse:
        return web.FileResponse(path, headers={"Content-Type": "application/x-gzip"})

    stop = asyncio.Event()
    for sign in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(sign, stop.set)
    runner = web.ServerRunner(web.Server(hand_out, access_log=None), shutdown_timeout=0.5)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    sys.stdout.write(f"http://{host}:{port}/report.json.gz?X-Amz-Signature=none\n")
    sys.stdout.flush()
    await stop.wait()
    await runner.cleanup()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--file", type=Path, required=True)
    parser.add_argument("--rows", type=int, required=True)
    given = parser.parse_args()
    make(given.file, given.rows)
    uvloop.run(serve(given.file))


if __name__ == "__main__":
    main()
