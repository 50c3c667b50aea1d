"""What probes and Prometheus get, whatever state the replica and Postgres are in."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import aiohttp
import pytest
from aiohttp.test_utils import TestClient, TestServer

from harvester.adapters.metrics import Metrics
from harvester.domain.errors import Misconfigured, Unavailable
from harvester.domain.vitals import Vitals
from harvester.entrypoints.web.pulse import Pulse
from harvester.entrypoints.web.server import Probes, address, application, web_server
from tests.unit.web.vitals import WELL


@dataclass
class Replica:
    """One whose state the test decides."""

    vitals: Vitals | Exception = WELL
    answer: Callable[[], Awaitable[Vitals]] | None = None
    dead: list[str] = field(default_factory=list)
    draining: bool = False
    asked: int = 0
    now: float = 1000.0
    metrics: Metrics = field(default_factory=lambda: Metrics("0.1.0"))

    async def ask(self) -> Vitals:
        self.asked += 1
        if self.answer is not None:
            return await self.answer()
        if isinstance(self.vitals, Exception):
            raise self.vitals
        return self.vitals

    def probes(self) -> Probes:
        return Probes(self.ask, lambda: self.dead, lambda: self.draining, self.metrics.exposition)

    @asynccontextmanager
    async def up(self, patience_seconds: float = 2.0) -> AsyncIterator[TestClient[Any, Any]]:
        pulse = Pulse(self.ask, patience_seconds=patience_seconds, monotonic=lambda: self.now)
        async with TestClient(TestServer(application(self.probes(), pulse), host="127.0.0.1")) as client:
            yield client
        await pulse.stop()


async def told(client: TestClient[Any, Any], path: str) -> tuple[int, Any]:
    async with client.get(path) as response:
        return response.status, await response.json()


async def test_the_bare_address_lists_what_there_is() -> None:
    """Who opens the port in a browser is not left with a 404."""
    async with Replica().up() as client, client.get("/") as response:
        page = await response.text()

    assert (response.status, response.content_type) == (200, "text/html")
    for path in ("/healthz", "/readyz", "/metrics"):
        assert f'href="{path}"' in page


@pytest.mark.parametrize(
    ("host", "port", "told_as"),
    [("127.0.0.1", 9464, "http://127.0.0.1:9464"), ("::1", 9464, "http://[::1]:9464"), ("127.0.0.1", 0, "")],
)
def test_the_address_is_one_to_click(host: str, port: int, told_as: str) -> None:
    """Empty where there is no such server."""
    assert address(host, port) == told_as


async def test_a_replica_whose_tasks_are_there_is_alive() -> None:
    """Neither Postgres nor a drain has a say in it: a restart would mend neither."""
    async with Replica(vitals=Unavailable("away"), draining=True).up() as client:
        assert await told(client, "/healthz") == (200, {"alive": True, "dead": []})


async def test_a_replica_that_lost_a_task_is_not_alive() -> None:
    """The task is named: whoever restarts it knows why."""
    async with Replica(dead=["clock"]).up() as client:
        assert await told(client, "/healthz") == (503, {"alive": False, "dead": ["clock"]})


async def test_ready_is_who_passes_every_check() -> None:
    """Each is named with what was seen."""
    async with Replica().up() as client:
        status, said = await told(client, "/readyz")

    assert (status, said["ready"]) == (200, True)
    assert {name: check["ok"] for name, check in said["checks"].items()} == {
        "serving": True, "database": True, "clock": True, "queue": True,
    }  # fmt: skip
    assert said["checks"]["clock"]["detail"] == "a replica with the clock was seen 1 s ago"


@pytest.mark.parametrize(
    ("due", "words"),
    [
        (1, "one slot is due, and could have been taken 10 s ago; under way: 4"),
        (2, "2 slots are due, one of them could have been taken 10 s ago; under way: 4"),
    ],
)
async def test_what_is_due_is_counted_in_words_that_fit(due: int, words: str) -> None:
    """One slot is no slots."""
    async with Replica(vitals=replace(WELL, due=due)).up() as client:
        assert (await told(client, "/readyz"))[1]["checks"]["queue"]["detail"] == words


@pytest.mark.parametrize(
    ("changes", "failing"),
    [
        ({"clock_seconds": 15.1}, ["clock"]),
        ({"clock_seconds": None}, ["clock"]),
        ({"stuck_seconds": 299.0, "busy": 0}, []),
        ({"stuck_seconds": 300.0, "busy": 0}, ["queue"]),
        ({"stuck_seconds": 9000.0, "busy": 1}, []),
        ({"clock_seconds": 60.0, "stuck_seconds": 600.0, "busy": 0}, ["clock", "queue"]),
    ],
)
async def test_each_reason_not_to_be_ready_is_named(changes: dict[str, Any], failing: list[str]) -> None:
    """No clock for 15 s; a queue where something waits for 5 minutes while nobody is at work."""
    async with Replica(vitals=replace(WELL, **changes)).up() as client:
        status, said = await told(client, "/readyz")

    assert status == (503 if failing else 200)
    assert [name for name, check in said["checks"].items() if not check["ok"]] == failing


async def test_who_is_not_ready_is_asked_again_soon() -> None:
    """A start ends when the clock is held, not two seconds later; and a crowd of probes is still one question."""
    replica = Replica(replace(WELL, clock_seconds=None))
    async with replica.up() as client:
        first, second = (await told(client, "/readyz"))[0], (await told(client, "/readyz"))[0]
        asked = replica.asked
        replica.vitals = WELL
        replica.now += 0.5
        third = (await told(client, "/readyz"))[0]

    assert (first, second, third) == (503, 503, 200)
    assert asked == 1


async def test_who_drains_is_not_ready() -> None:
    """Whoever sends traffic or counts replicas knows before it is gone."""
    async with Replica(draining=True).up() as client:
        status, said = await told(client, "/readyz")

    assert (status, said["checks"]["serving"]["ok"], said["checks"]["clock"]["ok"]) == (503, False, True)


async def test_without_postgres_nobody_is_ready() -> None:
    """One sentence; what only Postgres could tell is left out."""
    async with Replica(vitals=Unavailable("Postgres is away: password of dana")).up() as client:
        status, said = await told(client, "/readyz")

    assert status == 503
    assert list(said["checks"]) == ["serving", "database"]
    assert "dana" not in json.dumps(said)


async def test_metrics_come_in_the_form_that_was_asked_for() -> None:
    """Prometheus' text by default, OpenMetrics for who prefers it."""
    async with Replica().up() as client:
        async with client.get("/metrics") as response:
            plain, plain_type = await response.text(), response.headers["Content-Type"]
        async with client.get(
            "/metrics", headers={"Accept": "application/openmetrics-text; version=1.0.0"}
        ) as response:
            open_metrics, open_type = await response.text(), response.headers["Content-Type"]

    assert plain_type.startswith("text/plain; version=")
    assert "harvester_profiles 12.0" in plain
    assert "harvester_database_up 1.0" in plain
    assert open_type.startswith("application/openmetrics-text")
    assert open_metrics.endswith("# EOF\n")


async def test_metrics_come_without_postgres_too() -> None:
    """The replica's own numbers, and that Postgres is away; nothing of the fleet that could be mistaken for true."""
    async with Replica(vitals=Unavailable("away")).up() as client, client.get("/metrics") as response:
        text = await response.text()

    assert response.status == 200
    assert "harvester_database_up 0.0" in text
    assert "harvester_pages_total 0.0" in text
    assert "harvester_profiles" not in text


async def test_a_postgres_that_never_answers_holds_nobody_up() -> None:
    """Every scrape ends after the patience, and there is one question under way however many there are."""
    never = asyncio.Event()

    async def hang() -> Vitals:
        await never.wait()
        return WELL

    replica = Replica(answer=hang)
    async with replica.up(patience_seconds=0.01) as client:
        texts = [await (await client.get("/metrics")).text() for _ in range(3)]
        ready, _ = await told(client, "/readyz")

        assert all("harvester_database_up 0.0" in text for text in texts)
        assert (ready, replica.asked) == (503, 1)

        never.set()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert (await told(client, "/readyz"))[0] == 200


async def test_scrapes_share_one_answer_for_a_few_seconds() -> None:
    """Ten replicas scraped by two servers ask Postgres no more often than they have to."""
    replica = Replica()
    async with replica.up() as client:
        await asyncio.gather(*(client.get("/metrics") for _ in range(10)))
        assert replica.asked == 1

        replica.now += 4.9
        await client.get("/metrics")
        assert replica.asked == 1

        await client.get("/readyz")  # wants to know more precisely
        assert replica.asked == 2

        replica.now += 5
        await client.get("/metrics")
        assert replica.asked == 3


async def test_an_answer_that_nobody_foresaw_costs_the_fleets_numbers_only() -> None:
    """The replica's own are still there, and the next scrape asks again."""
    replica = Replica(vitals=ZeroDivisionError())
    async with replica.up() as client:
        async with client.get("/metrics") as response:
            assert "harvester_database_up 0.0" in await response.text()

        replica.vitals = WELL
        async with client.get("/metrics") as response:
            assert "harvester_database_up 1.0" in await response.text()


@pytest.mark.parametrize("path", ["/index.html", "/metrics/", "/healthz?x=1/..", "/admin", "/metrics/../etc/passwd"])
async def test_there_is_nothing_else(path: str) -> None:
    """An unknown path is none; and what answers is not told."""
    async with Replica().up() as client, client.get(path) as response:
        assert response.status == (200 if path.startswith("/healthz") else 404)
        assert response.headers["Server"] == "harvester"


async def test_nothing_can_be_posted() -> None:
    """All of it is for reading."""
    async with Replica().up() as client, client.post("/metrics", data=b"x") as response:
        assert response.status == 405


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


async def test_the_server_is_up_inside_its_block() -> None:
    """And its port is free again afterwards."""
    port = free_port()
    for _ in range(2):
        async with (
            web_server("127.0.0.1", port, Replica().probes()),
            aiohttp.ClientSession() as session,
            session.get(f"http://127.0.0.1:{port}/readyz") as response,
        ):
            assert response.status == 200


async def test_a_port_in_use_is_told_in_a_sentence() -> None:
    """With the setting that mends it."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(Misconfigured, match=r"HARVESTER_METRICS_PORT.*in use"):
            async with web_server("127.0.0.1", taken.getsockname()[1], Replica().probes()):
                raise AssertionError("it must not come up")


async def test_port_0_means_no_server() -> None:
    """For those who want none."""
    async with web_server("256.0.0.1", 0, Replica().probes()):
        pass
