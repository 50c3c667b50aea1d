"""Recommendations recorded per second: us, the ceiling and the peer, taking turns in one run."""

import statistics
from collections import defaultdict
from collections.abc import Mapping, Sequence

import msgspec

from benchmarks.results import Result, ratio, result
from benchmarks.stage import Server, page_server, perform, postgres
from benchmarks.task import Answer, Task

ROWS, QUICK_ROWS = 200_000, 60_000
ROUNDS, QUICK_ROUNDS = 5, 3
PEER_PAGES = 20
"""More would tell nothing new, and take a minute."""

_US, _ONE_COPY, _COPY_A_PAGE, _PEER = "us", "ceiling: one COPY", "ceiling: a COPY a page", "peer"


def measure(*, quick: bool) -> list[Result]:
    rows, rounds = (QUICK_ROWS, QUICK_ROUNDS) if quick else (ROWS, ROUNDS)
    answers: dict[str, list[Answer]] = defaultdict(list)
    with postgres() as server, page_server(rows, remember=True) as amazon:
        task = _warmed_up(server, Task(amazon, ""))
        contenders = (
            (_US, "ours", task, ()),
            (_ONE_COPY, "ceiling", task, ()),
            (_COPY_A_PAGE, "ceiling", task, ("--a-page",)),
            (_PEER, "peer", msgspec.structs.replace(task, most_pages=PEER_PAGES), ()),
        )
        for _ in range(rounds):
            for name, module, its_task, options in contenders:
                with server.database() as dsn:
                    answer = perform(module, msgspec.structs.replace(its_task, dsn=dsn), *options)
                answers[name].append(answer)
    return _results(answers)


def _warmed_up(server: Server, task: Task) -> Task:
    """The page server has made every page, and it is known what to ask it and how long our findings are."""
    with server.database() as dsn:
        first = perform("ours", msgspec.structs.replace(task, dsn=dsn))
    return msgspec.structs.replace(
        task,
        profile_id=first.profile_id,
        ad_group_ids=first.ad_group_ids,
        findings="x" * round(first.findings_bytes),
    )


def _results(answers: Mapping[str, Sequence[Answer]]) -> list[Result]:
    figures = {name: [answer.rows_a_second for answer in given] for name, given in answers.items()}
    cpu = {name: [answer.cpu_microseconds_a_row for answer in given] for name, given in answers.items()}
    ours = figures[_US]
    return [
        *(result(name, statistics.median(rates), "rows/s") for name, rates in figures.items()),
        *(result(f"{name}, its own CPU", statistics.median(used), "µs/row") for name, used in cpu.items()),
        result("us / ceiling: a COPY a page", ratio(ours, figures[_COPY_A_PAGE]), "ratio", ">= 0.6"),
        result("us / ceiling: one COPY", ratio(ours, figures[_ONE_COPY]), "ratio", ">= 0.6"),
        result("us / peer", ratio(ours, figures[_PEER]), "ratio", ">= 10"),
    ]
