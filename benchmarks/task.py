"""What a contender is told, and what it answers: JSON on stdin and stdout, so that each runs in a fresh process."""

import sys
import time

import msgspec

TABLE = """
CREATE TABLE public.bare (
    run_id text, place integer, profile_id text, source text, campaign_id text, ad_group_id text, ad_id text,
    ad_asin text, target text, key text, target_type text, clicks double precision, conversions double precision,
    evidence_note text, outcome text, reason text, rule text, findings text, seen_at timestamptz)
"""
"""The columns of a recorded recommendation and nothing else: no index, no trigger, no check, no partitions."""

PATH = "/sp/targetPromotionGroups/recommendations"
MEDIA_TYPE = "application/vnd.spTargetPromotionGroupsRecommendations.v1+json"


class Amazon(msgspec.Struct):
    """Where the page server is, and how one logs in."""

    ads_url: str
    lwa_url: str
    client_id: str
    client_secret: str
    refresh_token: str


class Task(msgspec.Struct):
    amazon: Amazon
    dsn: str
    profile_id: str = ""
    ad_group_ids: list[str] = []
    """Source ad groups whose recommendations are asked for."""
    most_pages: int = 1_000_000
    findings: str = "[]"
    """For those who do not judge: a text as long as our findings are on average."""


class Answer(msgspec.Struct):
    rows: int
    seconds: float
    cpu_seconds: float
    """Of this process alone, without Postgres."""
    profile_id: str = ""
    ad_group_ids: list[str] = []
    findings_bytes: float = 0.0

    @property
    def cpu_microseconds_a_row(self) -> float:
        return self.cpu_seconds / self.rows * 1e6

    @property
    def rows_a_second(self) -> float:
        return self.rows / self.seconds


class Stopwatch:
    """Runs from when it is made."""

    def __init__(self) -> None:
        self._started, self._cpu = time.perf_counter(), time.process_time()

    def answer(self, rows: int) -> Answer:
        return Answer(rows, time.perf_counter() - self._started, time.process_time() - self._cpu)


def read() -> Task:
    return msgspec.json.decode(sys.stdin.buffer.read(), type=Task)


def write(answer: Answer) -> None:
    sys.stdout.buffer.write(msgspec.json.encode(answer) + b"\n")


def question(ad_group_ids: list[str], token: str | None) -> dict[str, object]:
    body: dict[str, object] = {"maxResults": 1000, "adGroupIdFilter": {"include": ad_group_ids}}
    return body if token is None else {**body, "nextToken": token}
