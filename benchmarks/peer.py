"""The peer: what one writes around the public Python client: `requests`, `json`, a few ifs, an INSERT per row.

As that client does: a token by one call of its own, kept from then on; every call by `requests.request`, without a
session, so over a connection of its own; the answer decoded as UTF-8 and read with `json`. One transaction a page.
"""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import psycopg2  # type: ignore[import-untyped]  # it ships no types
import requests

from benchmarks.task import MEDIA_TYPE, PATH, TABLE, Answer, Stopwatch, Task, question, read, write

_INSERT = """
INSERT INTO public.bare (run_id, place, profile_id, source, campaign_id, ad_group_id, ad_id, ad_asin, target,
    target_type, clicks, conversions, outcome, reason, seen_at)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
"""
_PATIENCE_SECONDS = 60


def access_token(task: Task) -> str:
    amazon = task.amazon
    form = {
        "grant_type": "refresh_token",
        "client_id": amazon.client_id,
        "refresh_token": amazon.refresh_token,
        "client_secret": amazon.client_secret,
    }
    token: str = requests.post(amazon.lwa_url, data=form, timeout=_PATIENCE_SECONDS).json()["access_token"]
    return token


def pages(task: Task) -> Iterator[list[dict[str, Any]]]:
    headers = {
        "User-Agent": "a script",
        "Amazon-Advertising-API-ClientId": task.amazon.client_id,
        "Authorization": f"Bearer {access_token(task)}",
        "Amazon-Advertising-API-Scope": task.profile_id,
        "Content-Type": MEDIA_TYPE,
        "Accept": MEDIA_TYPE,
    }
    token = None
    for _ in range(task.most_pages):
        body = json.dumps(question(task.ad_group_ids, token))
        url = task.amazon.ads_url + PATH
        response = requests.request("POST", url, data=body, headers=headers, timeout=_PATIENCE_SECONDS)
        page = json.loads(response.content.decode("utf8"))
        yield page["targets"]
        token = page.get("nextToken")
        if token is None:
            return


def verdict(clicks: int, conversions: int) -> tuple[str, str]:
    if clicks >= 10 and conversions >= 2 and conversions / clicks >= 0.05:
        return "promote", "proven"
    if clicks >= 45 and conversions == 0:
        return "negate", "never sells"
    return "hold", f"{clicks} clicks, {conversions} conversions"


def run(task: Task) -> Answer:
    connection = psycopg2.connect(task.dsn)
    with connection, connection.cursor() as cursor:
        cursor.execute(TABLE)
    rows = 0
    watch = Stopwatch()
    for page in pages(task):
        with connection, connection.cursor() as cursor:
            for item in page:
                metrics = json.loads(item["recommendationReasons"][0]["data"])
                clicks, conversions = metrics["CLICKS"], metrics["CONVERSIONS"]
                what = [item["campaignId"], item["adGroupId"], item["adId"], item["adAsin"], item["recommendedTarget"]]
                decision = verdict(clicks, conversions)
                fixed = ["r1", rows, task.profile_id, "promotion"]
                evidence = [item["targetType"], clicks, conversions]
                cursor.execute(_INSERT, [*fixed, *what, *evidence, *decision, datetime.now(UTC)])
                rows += 1
    answer = watch.answer(rows)
    connection.close()
    return answer


if __name__ == "__main__":
    write(run(read()))
