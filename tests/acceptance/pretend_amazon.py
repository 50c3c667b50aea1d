"""The sandbox as a process of its own, and what a test asks of it: faults, journal, state, rows."""

import json
import queue
import subprocess
import sys
import threading
import urllib.parse
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
READY_SECONDS = 120.0
RECOMMENDATIONS = "/sp/targetPromotionGroups/recommendations"
_MEDIA_TYPE = "application/vnd.spTargetPromotionGroupsRecommendations.v1+json"

Fault = dict[str, Any]


@dataclass(frozen=True)
class PretendAmazon:
    process: "subprocess.Popen[bytes]"
    ready: dict[str, Any]

    @property
    def profiles(self) -> list[str]:
        """In the order of their ids."""
        return sorted(profile for account in self.ready["accounts"] for profile in account["profiles"])

    def control(self, route: str, body: object = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        with urllib.request.urlopen(f"{self.ready['url']}/_sandbox/{route}", data, timeout=READY_SECONDS) as answer:
            return json.load(answer)

    def begin(self, *faults: Fault) -> None:
        """Everything as at the start, with these faults in force."""
        self.control("reset", {})
        self.fail(*faults)

    def fail(self, *faults: Fault) -> None:
        self.control("faults", list(faults))

    def fired(self) -> list[int]:
        """How often each rule struck."""
        return [rule["fired"] for rule in self.control("faults")["faults"]]

    def requests(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.control("requests")["requests"]
        return found

    def seen(self) -> int:
        total: int = self.control("requests?since=1000000000")["total"]
        return total

    def has_seen(self, number: int) -> bool:
        return self.seen() >= number

    def state(self) -> Any:
        return self.control("state")["profiles"]

    def source_ad_groups(self, profile_id: str) -> set[str]:
        """Enabled ad groups of enabled AUTO campaigns, as the account has them."""
        account = self.state()[profile_id]
        auto = {
            campaign["campaignId"]
            for campaign in account["campaigns"]
            if campaign["targetingType"] == "AUTO" and campaign["state"] == "ENABLED"
        }
        return {
            ad_group["adGroupId"]
            for ad_group in account["adGroups"]
            if ad_group["campaignId"] in auto and ad_group["state"] == "ENABLED"
        }

    def recommendations(self, profile_id: str) -> list[dict[str, Any]]:
        """Every row that a plain customer is given without any filter."""
        login = next(account for account in self.ready["accounts"] if profile_id in account["profiles"])
        headers = {
            "Authorization": f"Bearer {self.access_token(login)}",
            "Amazon-Advertising-API-ClientId": login["client_id"],
            "Amazon-Advertising-API-Scope": profile_id,
            "Content-Type": _MEDIA_TYPE,
            "Accept": _MEDIA_TYPE,
        }
        rows: list[dict[str, Any]] = []
        body: dict[str, Any] = {"maxResults": 1000}
        while True:
            request = urllib.request.Request(
                self.ready["ads_url"] + RECOMMENDATIONS, json.dumps(body).encode(), headers, method="POST"
            )
            with urllib.request.urlopen(request, timeout=READY_SECONDS) as answer:
                page = json.load(answer)
            rows += page["targets"]
            if not page.get("nextToken"):
                return rows
            body["nextToken"] = page["nextToken"]

    def access_token(self, login: dict[str, Any]) -> str:
        names = ("client_id", "client_secret", "refresh_token")
        form = {"grant_type": "refresh_token", **{name: login[name] for name in names}}
        data = urllib.parse.urlencode(form).encode()
        with urllib.request.urlopen(self.ready["lwa_url"], data, timeout=READY_SECONDS) as answer:
            token: str = json.load(answer)["access_token"]
        return token


@contextmanager
def pretend_amazon(*flags: str) -> Iterator[PretendAmazon]:
    """Up when the block begins, gone when it ends, and with this process if that is killed."""
    command = [sys.executable, "-m", "harvester.sandbox", "--port", "0", "--until-stdin-closes", *flags]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT)
    try:
        yield PretendAmazon(process, json.loads(_first_line(process)))
    finally:
        process.terminate()
        process.communicate(timeout=READY_SECONDS)


def _first_line(process: "subprocess.Popen[bytes]") -> bytes:
    said: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    assert process.stdout is not None
    reader = threading.Thread(target=lambda out: said.put(out.readline()), args=(process.stdout,), daemon=True)
    reader.start()
    return said.get(timeout=READY_SECONDS)


def on(path: str, action: dict[str, Any], **match: Any) -> Fault:
    """A fault for a path."""
    return {"match": {"path": path, **match}, "action": action}


def paths(requests: Sequence[dict[str, Any]]) -> list[str]:
    return sorted(f"{request['method']} {request['path']}" for request in requests)
