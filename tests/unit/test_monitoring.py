"""Dashboard, alerts and the metrics reference name what there is, and what there is is explained."""

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from harvester.adapters.metrics import Metrics
from harvester.config.settings import Settings
from harvester.domain.vitals import ProcessVitals
from tests.unit.test_docs import anchors
from tests.unit.web.vitals import WELL

ROOT = Path(__file__).parents[2]
MONITORING = ROOT / "docker" / "monitoring"
FILES = sorted(path for path in MONITORING.rglob("*") if path.is_file())
SUFFIXES = {"counter": ["_total"], "gauge": [""], "histogram": ["_bucket", "_count", "_sum"]}


@cache
def families() -> dict[str, tuple[str, frozenset[str]]]:
    """Name as an expression has it -> its type and its labels."""
    metrics = Metrics("0.1.0", lambda: ProcessVitals(rates={"host": 1.0}, throttled={"login": 1}))
    labels: dict[str, frozenset[str]] = {}
    for attribute in vars(metrics).values():
        if hasattr(attribute, "_labelnames"):
            labels[attribute._name] = frozenset(attribute._labelnames)
    found = {}
    with metrics._gauges.showing(WELL):
        for family in metrics.registry.collect():
            seen = frozenset(name for sample in family.samples for name in sample.labels)
            for suffix in SUFFIXES[family.type]:
                found[family.name + suffix] = (family.type, labels.get(family.name, seen))
    return found


def dashboard() -> dict[str, Any]:
    (path,) = MONITORING.glob("grafana/dashboards/*.json")
    document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return document


def alerts() -> list[dict[str, Any]]:
    groups = yaml.safe_load((MONITORING / "alerts.yml").read_text(encoding="utf-8"))["groups"]
    return [rule for group in groups for rule in group["rules"]]


def expressions() -> Iterator[str]:
    yield from (rule["expr"] for rule in alerts())
    yield from (target["expr"] for panel in dashboard()["panels"] for target in panel.get("targets", []))


def named(expression: str) -> set[str]:
    return set(re.findall(r"\bharvester_\w+", expression))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(MONITORING).as_posix())
def test_each_file_can_be_read(path: Path) -> None:
    """As the YAML or JSON that its name promises."""
    text = path.read_text(encoding="utf-8")

    assert json.loads(text) if path.suffix == ".json" else yaml.safe_load(text)


def test_every_metric_that_is_asked_for_exists() -> None:
    """Neither a panel nor an alert waits for a number that never comes."""
    asked = {name for expression in expressions() for name in named(expression)}

    assert len(asked) > 20
    assert sorted(asked - set(families())) == []


def test_every_label_that_is_asked_for_exists() -> None:
    """An expression that groups or selects by a label finds it; job, instance and le are Prometheus' own."""
    wrong = []
    for expression in expressions():
        asked = {name.strip() for group in re.findall(r"by \(([^)]*)\)", expression) for name in group.split(",")}
        asked |= set(re.findall(r"[{,]\s*(\w+)\s*=", expression))
        known = {"job", "instance", "le"}.union(*(families()[name][1] for name in named(expression)))
        wrong += [(expression, label) for label in asked - known]

    assert wrong == []


@pytest.mark.parametrize("expression", sorted(set(expressions())))
def test_each_expression_is_whole(expression: str) -> None:
    """Its brackets close, and a counter is looked at as a rate: its value alone says when the process started."""
    for opening, closing in ("()", "[]", "{}"):
        assert expression.count(opening) == expression.count(closing)
    for name in named(expression):
        if families()[name][0] in ("counter", "histogram"):
            assert re.search(rf"(rate|increase)\({name}(\{{[^}}]*\}})?\[", expression), name


@pytest.mark.parametrize("rule", alerts(), ids=lambda rule: rule["alert"])
def test_an_alert_says_what_is_wrong_and_what_to_do(rule: dict[str, Any]) -> None:
    """A summary, what it means, how urgent it is, and a heading of the operations guide."""
    assert rule["labels"]["severity"] in ("page", "ticket")
    assert rule["annotations"]["summary"].endswith(".")
    assert rule["annotations"]["description"].endswith(".")
    page, _, anchor = rule["annotations"]["runbook"].partition("#")
    _, _, about_alerts = (ROOT / page).read_text(encoding="utf-8").partition("\n## Alerts\n")
    assert anchor in anchors(about_alerts.partition("\n## ")[0])


def test_the_alerts_are_those_that_an_operator_needs() -> None:
    """One for each way in which the service stops to do its work in silence."""
    assert {rule["alert"].removeprefix("Harvester") for rule in alerts()} >= {
        "NoClock", "QueueNotMoving", "BehindSchedule", "Failing", "AccountClosed", "UnknownNotSettled", "PostgresAway",
        "CallsLost", "RulesBroken", "NothingHarvested",
    }  # fmt: skip


def test_every_metric_is_explained_and_none_that_does_not_exist() -> None:
    """The reference has each by the name that an expression uses, with its type."""
    page = (ROOT / "docs" / "metrics.md").read_text(encoding="utf-8")
    explained = dict(re.findall(r"^\| `(harvester_\w+)` \| (\w+)", page, re.MULTILINE))
    there = {
        re.sub(r"_(bucket|count|sum)$", "", name) if kind == "histogram" else name: kind
        for name, (kind, _) in families().items()
    }

    assert explained == there


def test_prometheus_asks_where_the_service_answers() -> None:
    """At the default port of the settings, each container behind the names of the compose services."""
    jobs = yaml.safe_load((MONITORING / "prometheus.yml").read_text(encoding="utf-8"))["scrape_configs"]
    (found,) = [job["dns_sd_configs"][0] for job in jobs if job["job_name"] == "harvester"]

    assert found["port"] == Settings.model_fields["metrics_port"].default
    assert found["names"] == ["harvester", "worker"]


def test_panels_do_not_overlap() -> None:
    """Each has its place in the grid of 24 columns, and an id of its own."""
    taken: set[tuple[int, int]] = set()
    panels = dashboard()["panels"]
    for panel in panels:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken, panel["title"]
        assert max(x for x, _ in cells) < 24, panel["title"]
        taken |= cells
    assert len({panel["id"] for panel in panels}) == len(panels)
