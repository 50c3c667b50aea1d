# ruff: noqa: F811
"""Negatives that nobody will be sorry for: what close variants sold and stand for, before planning and before sending."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from harvester.entrypoints.cli import sentences
from harvester.sandbox.serving import Running
from tests.acceptance.records import Ledger
from tests.crash.conftest import amazon  # noqa: F401
from tests.crash.scene import open_desk
from tests.integration.by_hand import rules_in
from tests.integration.test_search_terms import AUTO, EXACT, MANUAL, RULES, lost, planned, sold
from tests.integration.told_by_reports import Day, ago, all_read, told

PHRASE = RULES.replace("then: {negate: {}}", "then: {negate: {match: phrase}}")


async def test_a_phrase_is_held_for_variants_of_what_sold(dsn: str, amazon: Running, tmp_path: Path) -> None:
    """`gnome hat` would shut out who looks for `red gnome hats`; what sold under other words it would not."""
    ledger = Ledger(dsn)
    async with open_desk(dsn, amazon.url, rules=rules_in(tmp_path, PHRASE)) as desk:
        await desk.services.profiles.save([desk.profile])
        all_read(ledger)
        told(ledger, [*lost("gnome hat"), *sold("red gnome hats"), *lost("tool"), *sold("toolbox big")])
        _, items = await planned(desk)

    negatives = {item["target"]: item for item in items if item["kind"] == "negate_keyword"}
    assert {target: (item["state"], item["reason"]) for target, item in negatives.items()} == {
        "gnome hat": ("held", "would_block_orders"),
        "tool": ("planned", ""),
    }
    assert "It would block what sold here before: “red gnome hats” with 4 orders" in negatives["gnome hat"]["note"]


async def test_a_phrase_is_held_for_variants_of_own_keywords(dsn: str, amazon: Running, tmp_path: Path) -> None:
    """A plural inside of a longer keyword of one's own, in the same ad group."""
    ledger = Ledger(dsn)
    async with open_desk(dsn, amazon.url, rules=rules_in(tmp_path, PHRASE)) as desk:
        await desk.services.profiles.save([desk.profile])
        all_read(ledger)
        told(ledger, [*lost("hospital essential", MANUAL), *lost("essential gnome", MANUAL)])
        _, items = await planned(desk)

    states = {item["target"]: (item["state"], item["reason"]) for item in items}
    assert states == {"hospital essential": ("held", "would_block_own"), "essential gnome": ("planned", "")}
    assert any(f"“{EXACT}” (exact, " in item["note"] for item in items)


async def test_a_negative_that_would_shut_out_what_is_protected_is_held(
    dsn: str, amazon: Running, tmp_path: Path
) -> None:
    """`gnome hat` is in no protected text, but a phrase of it would end every search for `acme gnome hats`; approved by
    name it is sent, since its reviewer was told.
    """
    ledger = Ledger(dsn)
    protecting = PHRASE.replace('["acme"]', '["acme", "acme gnome hats", "/xyz/"]')
    async with open_desk(dsn, amazon.url, rules=rules_in(tmp_path, protecting)) as desk:
        await desk.services.profiles.save([desk.profile])
        all_read(ledger)
        told(ledger, [*lost("gnome hat"), *lost("tool")])
        plan_id, items = await planned(desk)
        await desk.approve(plan_id, action_ids=[item["id"] for item in items])
        await desk.apply(plan_id)
        after = {item["target"]: item["state"] for item in await desk.items(plan_id)}

    states = {item["target"]: (item["state"], item["reason"]) for item in items}
    assert states == {"gnome hat": ("held", "would_block_own"), "tool": ("planned", "")}
    assert any("It would shut out `acme gnome hats` under protect.keywords." in item["note"] for item in items)
    assert after == {"gnome hat": "done", "tool": "done"}


LATE = {
    "the term itself": (
        Day(ago(2), AUTO, AUTO, "gnome hat", orders=1),
        "since it was planned “gnome hat” with 1 order was seen here",
    ),
    "a variant": (
        Day(ago(2), AUTO, AUTO, "hats for gnomes", orders=2),
        "since it was planned “hats for gnomes” with 2 orders was seen here",
    ),
    "elsewhere in the campaign": (
        Day(ago(2), "999", AUTO, "gnome hats", orders=2),
        "since it was planned “gnome hats” with 2 orders was seen in this campaign",
    ),
    "for the same products": (
        Day(ago(2), MANUAL, MANUAL, "gnome hats", orders=2),
        f"since it was planned “gnome hats” with 2 orders was seen in ad group {MANUAL} of the same products",
    ),
}


@pytest.mark.parametrize(("day", "why"), LATE.values(), ids=LATE)
async def test_what_sold_between_plan_and_sending_is_not_sent(
    dsn: str, amazon: Running, tmp_path: Path, day: Day, why: str
) -> None:
    """A report that came in since is enough, no run has to have looked at it; the rest is sent."""
    ledger = Ledger(dsn)
    async with open_desk(dsn, amazon.url, rules=rules_in(tmp_path, RULES)) as desk:
        await desk.services.profiles.save([desk.profile])
        all_read(ledger)
        told(ledger, [*lost("gnome hat"), *lost("tool")])
        plan_id, _ = await planned(desk)
        await desk.approve(plan_id)
        all_read(ledger)
        ledger.execute("UPDATE harvester.report SET settled_at = now()")
        told(ledger, [day])
        await desk.apply(plan_id)
        items = {item["target"]: item for item in await desk.items(plan_id)}

    assert {target: item["state"] for target, item in items.items()} == {"gnome hat": "stale", "tool": "done"}
    assert why in str(items["gnome hat"]["error"])


async def test_what_did_not_sell_since_is_sent(dsn: str, amazon: Running, tmp_path: Path) -> None:
    """Reports that came in since say nothing against it; what sold for other products does not either."""
    ledger = Ledger(dsn)
    async with open_desk(dsn, amazon.url, rules=rules_in(tmp_path, RULES)) as desk:
        await desk.services.profiles.save([desk.profile])
        all_read(ledger)
        told(ledger, lost("gnome hat"))
        plan_id, _ = await planned(desk)
        await desk.approve(plan_id)
        all_read(ledger)
        ledger.execute("UPDATE harvester.report SET settled_at = now()")
        told(ledger, Day(ago(2), "998", "998", "gnome hats", orders=2).on(ago(2)))
        await desk.apply(plan_id)
        (item,) = await desk.items(plan_id)

    assert item["state"] == "done"


@pytest.mark.parametrize(
    ("protect", "why"),
    [
        (
            "{keywords: ['gnome'], asins: [B000000077]}",
            ["`gnome` under protect.keywords covers it now", "protect.asins"],
        ),
        ("{keywords: ['gnomes'], asins: [B000000077]}", ["a close variant of `gnomes`", "protect.asins now"]),
        ("{keywords: ['hats of gnomes'], asins: [B000000077]}", ["a close variant of `hats of gnomes`", "asins now"]),
    ],
)
async def test_what_was_protected_since_the_plan_is_not_sent(
    dsn: str, amazon: Running, tmp_path: Path, protect: str, why: Sequence[str]
) -> None:
    """Whoever approved it: protected is never negated, a close variant not on its costs alone."""
    ledger = Ledger(dsn)
    async with open_desk(dsn, amazon.url, rules=rules_in(tmp_path, RULES)) as desk:
        await desk.services.profiles.save([desk.profile])
        all_read(ledger)
        told(ledger, [*lost("gnome hat"), *lost("b000000077"), *lost("tool")])
        plan_id, _ = await planned(desk)
        await desk.approve(plan_id)
    stricter = rules_in(tmp_path, RULES.replace('{keywords: ["acme"]}', protect))
    async with open_desk(dsn, amazon.url, rules=stricter) as desk:
        await desk.apply(plan_id)
        items = {item["target"]: item for item in await desk.items(plan_id)}

    assert {target: item["state"] for target, item in items.items()} == {
        "gnome hat": "stale",
        "B000000077": "stale",
        "tool": "done",
    }
    assert why[0] in str(items["gnome hat"]["error"])
    assert why[1] in str(items["B000000077"]["error"])


async def test_ad_groups_that_stand_in_the_way_are_told_by_name(dsn: str, amazon: Running, tmp_path: Path) -> None:
    """The one where a variant sold, and the one where it is a keyword: nobody knows an ad group by its number."""
    ledger = Ledger(dsn)
    async with open_desk(dsn, amazon.url, rules=rules_in(tmp_path, RULES)) as desk:
        await desk.services.profiles.save([desk.profile])
        all_read(ledger)
        told(ledger, [*lost("gnome hats"), *sold("gnome hat", MANUAL), *lost(f"{EXACT.lower()}s")])
        await planned(desk)
        reports = desk.services.reports
        rows = [row for term in ("gnome hats", f"{EXACT.lower()}s") async for row in reports.why(term, term)]
        (named,) = (await reports.names(sentences.ad_groups_in(rows))).values()
        nobody = await reports.names([])

    name = sentences.ad_group_named(*named)
    assert nobody == {}
    assert [list(sentences.at_length(row, {MANUAL: name}))[-1] for row in rows] == [
        f"The last of them in ad group {name} ({MANUAL}), seen {ago(10)}.",
        f"It is a close variant of your own “{EXACT}”, enabled in ad group {name} ({MANUAL}).",
    ]
