"""What is wrong with a rules file, part by part."""

from decimal import Decimal
from typing import Any

import pytest

from harvester.rules.reading import read
from tests.unit.rules.builders import NEGATE, PROMOTE

TEST = {"name": "t", "given": {"clicks": 1, "conversions": 1}, "expect": "hold"}
NEW = {"name_prefix": "H", "daily_budget": {"USD": 25}, "default_bid": {"USD": 1}}


def rule(**keys: Any) -> dict[str, Any]:
    return {"rules": [{**PROMOTE, **keys}]}


def when(**condition: Any) -> dict[str, Any]:
    return rule(when=condition)


def bid(**keys: Any) -> dict[str, Any]:
    return rule(then={"promote": {"bid": keys}})


def create(**keys: Any) -> dict[str, Any]:
    return {"groups": [{"create": keys}]}


def on_categories(then: object, when: object = None, **match: object) -> dict[str, object]:
    only = {"name": "x", "match": {"source": "categories", **match}, "then": then}
    return {"rules": [{**only, "when": when} if when else only]}


TABLE: list[tuple[dict[str, Any], str, str]] = [
    ({"protekt": {}}, "protekt", "unknown key `protekt`; did you mean `protect`?"),
    ({"xyz": {}}, "xyz", "unknown key `xyz`; known here: version, protect, rules, groups, brands, guard, suggestions, profiles, tests, catalog, economics"),
    ({"<<": {}}, "<<", "merge keys (`<<`) are not understood; write the keys out"),
    ({"version": 2}, "version", "must be 1, not `2`"),
    ({"version": None}, "version", "must be 1, not nothing"),
    ({"protect": []}, "protect", "must be a section of keys, not a list"),
    ({"protect": "acme"}, "protect", "must be a section of keys, not `acme`"),
    ({"rules": {"name": "x"}}, "rules", "must be a list, not a section of keys; start each entry with a dash"),
    ({"rules": ["x"]}, "rules[0]", "must be a section of keys, not `x`"),
    ({"protect": {"keywords": "acme"}}, "protect.keywords", "must be a list, not `acme`; write [acme]"),
    ({"protect": {"keywords": [True]}}, "protect.keywords[0]", 'must be text; put it in quotes: "true"'),
    ({"protect": {"keywords": [[]]}}, "protect.keywords[0]", "must be text, not a list"),
    ({"protect": {"keywords": [" "]}}, "protect.keywords[0]", "must not be empty"),
    ({"protect": {"keywords": ["!?"]}}, "protect.keywords[0]", "`!?` holds no word"),
    ({"protect": {"keywords": ["a" * 501]}}, "protect.keywords[0]", "must have at most 500 characters, not 501"),
    ({"protect": {"keywords": ["a\nb"]}}, "protect.keywords[0]",
     "must not hold line breaks or other control characters"),
    ({"protect": {"keywords": ["/acme"]}}, "protect.keywords[0]",
     "`/acme` opens a pattern; close it with a slash: /acme.*/"),
    ({"protect": {"keywords": ["//"]}}, "protect.keywords[0]", "`//` opens a pattern; close it with a slash: /acme.*/"),
    ({"protect": {"keywords": ["/a(/"]}}, "protect.keywords[0]",
     "`/a(/` is no regular expression: missing ), unterminated subpattern at position 1"),
    ({"protect": {"keywords": ["/a*/"]}}, "protect.keywords[0]",
     "`/a*/` matches every keyword, so nothing would ever be done"),
    ({"protect": {"keywords": ["/(a)\\1/"]}}, "protect.keywords[0]",
     "`/(a)\\1/` refers back with \\1: write out what is meant"),
    ({"protect": {"asins": ["B00"]}}, "protect.asins[0]", "`B00` is no ASIN: ten letters and digits, such as B000000001"),
    ({"protect": {"brands": ["acme"]}}, "protect.brands[0]", "must be an id of digits, not `acme`"),
    ({"protect": {"own_products": "no"}}, "protect.own_products", "must be true or false, not `no`"),
    (rule(name=5.5), "rules[0].name", "must be text, not `5.5`"),
    (rule(name="n" * 81), "rules[0].name", "must have at most 80 characters, not 81"),
    ({"rules": [{"name": "x"}]}, "rules[0]", "`then` is missing"),
    ({"rules": [{"name": "x", "then": {"promote": {}}}]}, "rules[0]", "`when` is missing"),
    (rule(match={"themes": ["Similar*"]}), "rules[0].match.themes",
     "only product suggestions have themes, not source promotion"),
    (rule(match={"source": "products"}, when={"all": [{"clicks": {"at_least": 1}}]}), "rules[0].when.all[0].clicks",
     "rows of source products have no clicks or conversions"),
    (rule(match={"source": "products"}, when={"not": {"any": [{"conversion_rate": {"at_least": "1%"}}]}}),
     "rules[0].when.not.any[0].conversion_rate", "rows of source products have no clicks or conversions"),
    ({"rules": [{"name": "x", "match": {"source": "products", "target_type": "keyword"}, "then": {"promote": {}}}]},
     "rules[0].match.target_type", "source products suggests no keywords"),
    ({"rules": [{"name": "x", "match": {"source": "products"}, "then": {"negate": {}}}]}, "rules[0].then.negate",
     "a row of source products suggests a target and proves nothing against it"),
    ({"rules": [{"name": "x", "match": {"source": "products"}, "then": {"promote": {"match": ["exact"]}}}]},
     "rules[0].then.promote.match", "`exact` is no match for a product; those are same, expanded"),
    (on_categories({"promote": {"match": ["same"]}}), "rules[0].then.promote.match",
     "a category has no match; leave it out"),
    (on_categories({"promote": {}, "negate_at_source": {}}), "rules[0].then.negate_at_source",
     "goes with keywords and products; a category is not negated"),
    (on_categories({"negate": {}}), "rules[0].then.negate",
     "a row of source categories suggests a target and proves nothing against it"),
    (on_categories({"promote": {}}, target_type="product"), "rules[0].match.target_type",
     "source categories suggests no products"),
    (on_categories({"promote": {}}, themes=["a"]), "rules[0].match.themes",
     "only product suggestions have themes, not source categories"),
    (on_categories({"promote": {}}, {"own_brand": True}), "rules[0].when.own_brand",
     "says nothing about categories; it looks at products"),
    (rule(match={"target_type": "category"}), "rules[0].match.target_type", "source promotion suggests no categories"),
    ({"groups": [{}]}, "groups[0]", "needs exactly one of `create` and `without_group`"),
    ({"groups": [{"without_group": {"product_ad_group": "4"},
                  "create": {"existing": {"product_ad_group": "4"}}}]}, "groups[0]",
     "needs exactly one of `create` and `without_group`"),
    ({"suggestions": {"products": {"most": 0}}}, "suggestions.products.most", "must be at least 1"),
    ({"tests": [{"name": "x", "given": {}, "expect": "hold"}]}, "tests[0].given", "`clicks` is missing"),
    ({"tests": [{"name": "x", "given": {"source": "products", "conversions": 1}, "expect": "hold"}]},
     "tests[0].given.conversions", "rows of source products have no clicks or conversions"),
    ({"tests": [{"name": "x", "given": {"source": "products", "target_type": "keyword"}, "expect": "hold"}]},
     "tests[0].given.target_type", "source products suggests no keywords"),
    ({"tests": [{"name": "x", "given": {"clicks": 1, "conversions": 1, "themes": ["a"]}, "expect": "hold"}]},
     "tests[0].given.themes", "only product suggestions have themes: add `source: products`"),
    (rule(match={"source": "promotions"}), "rules[0].match.source",
     "must be one of promotion, products, categories, search_terms, not `promotions`; did you mean `promotion`?"),
    (rule(match={"target_type": "Keyword"}), "rules[0].match.target_type",
     "must be one of keyword, product, category, not `Keyword`; did you mean `keyword`?"),
    (rule(match={"campaign": ["x"]}), "rules[0].match.campaign",
     "unknown key `campaign`; did you mean `campaigns`?"),
    (rule(mode="automatic"), "rules[0].mode", "must be one of dry-run, review, auto, not `automatic`; did you mean `auto`?"),
    (when(clikcs={"at_least": 1}), "rules[0].when.clikcs", "unknown key `clikcs`; did you mean `clicks`?"),
    (when(impressions={"at_least": 1}), "rules[0].when.impressions",
     "recommendations come with clicks and conversions only; impressions goes with `match: {source: search_terms}`"),
    (when(all=[{"spend": {"at_most": 1}}]), "rules[0].when.all[0].spend",
     "recommendations come with clicks and conversions only; spend goes with `match: {source: search_terms}`"),
    (when(units={"at_least": 1}), "rules[0].when.units",
     "no enabled source delivers units; the facts of a recommendation are clicks, conversions and conversion_rate; of a search term its money too"),
    (when(conversions={"at_least": "10"}), "rules[0].when.conversions.at_least", "must be a number, not `10`"),
    (when(clicks={"at_least": True}), "rules[0].when.clicks.at_least", "must be a number, not `true`"),
    (when(clicks={"at_least": -1}), "rules[0].when.clicks.at_least", "must be a number from 0 to 1000000000000, not -1"),
    (when(clicks={"at_least": float("nan")}), "rules[0].when.clicks.at_least", "must be a number, not `nan`"),
    (when(clicks={"over": 3}), "rules[0].when.clicks.over", "unknown key `over`; known here: window, exclude_recent, at_least, at_most"),
    (when(clicks={}), "rules[0].when.clicks", "needs at_least or at_most"),
    (when(clicks=10), "rules[0].when.clicks", "must be a section of keys such as {at_least: 10}, not `10`"),
    (when(clicks=True), "rules[0].when.clicks", "must be a section of keys, not `true`"),
    (rule(then={"promote": {"bid": 0.75}}), "rules[0].then.promote.bid",
     "must be a section of keys such as {fixed: {USD: 0.75}}, not `0.75`"),
    ({"profiles": 5}, "profiles", "must be a section of keys, not `5`"),
    (when(clicks={"at_least": 9, "at_most": Decimal("8.50")}), "rules[0].when.clicks",
     "at_least 9 is over at_most 8.5: nothing can pass"),
    (when(conversion_rate={"at_least": "9%", "at_most": "8.5%"}), "rules[0].when.conversion_rate",
     "at_least 9% is over at_most 8.5%: nothing can pass"),
    (when(conversion_rate={"at_least": 0.05}), "rules[0].when.conversion_rate.at_least",
     "must be a percentage with its sign, such as 5%, not `0.05`"),
    (when(conversion_rate={"at_least": "-5%"}), "rules[0].when.conversion_rate.at_least",
     "must be a percentage with its sign, such as 5%, not `-5%`"),
    (when(conversion_rate={"at_least": []}), "rules[0].when.conversion_rate.at_least",
     "must be a percentage such as 5%, not a list"),
    (when(conversion_rate={"at_least": "105%"}), "rules[0].when.conversion_rate.at_least",
     "cannot be over 100%, but is 105%"),
    (when(conversion_rate={"at_least": "5%", "confidence": "30%"}), "rules[0].when.conversion_rate.confidence",
     "must be from 50% to 99.9%, not 30%"),
    (when(conversion_rate={"at_least": "5%", "confidence": "100%"}), "rules[0].when.conversion_rate.confidence",
     "must be from 50% to 99.9%, not 100%"),
    (when(clicks={"confidence": "80%"}), "rules[0].when.clicks.confidence",
     "goes with conversion_rate and ctr: only a part of a whole has an interval around it"),
    (when(), "rules[0].when", "says nothing; name one of all, any, not, clicks, conversions, conversion_rate, or a check of the catalog"),
    (when(all=[]), "rules[0].when.all", "`all` is empty; list at least one condition"),
    (when(any=[{}]), "rules[0].when.any[0]",
     "says nothing; name one of all, any, not, clicks, conversions, conversion_rate, or a check of the catalog"),
    (when(all=[{"clicks": {"at_least": 1}, "not": {"conversions": {"at_least": 1}}}]), "rules[0].when.all[0]",
     "holds not and clicks side by side; list them under `all`, one per dash"),
    ({"rules": [{**PROMOTE, "when": {"not": {"all": "x"}}}]}, "rules[0].when.not.all", "must be a list, not `x`; write [x]"),
    ({"rules": [{**PROMOTE, "when": {"not": {"clicks": {}}}}]}, "rules[0].when.not.clicks", "needs at_least or at_most"),
    (when(all=[{"clicks": {"at_least": 9}}, {"clicks": {"at_most": 8}}]), "rules[0].when",
     "rule `promote` can never pass: its conditions exclude one another"),
    (rule(then={}), "rules[0].then", "needs exactly one of `promote` and `negate`"),
    (rule(then={"promote": {}, "negate": {}}), "rules[0].then", "needs exactly one of `promote` and `negate`"),
    (rule(then={"negate": {}, "negate_at_source": {}}), "rules[0].then.negate_at_source",
     "goes with `promote` only; use `negate`"),
    (rule(then={"negate_brand": {}}), "rules[0].then.negate_brand",
     "no recommendation is a brand; name the ids under `brands`, at the top of the file"),
    (rule(then={"target_category": {}}), "rules[0].then.target_category",
     "use `promote` with source categories: it makes category targets"),
    (rule(then={"promote": {"match": []}}), "rules[0].then.promote.match",
     "is empty; name at least one match, or leave the key out"),
    (rule(then={"promote": {"match": ["exact", "exact"]}}), "rules[0].then.promote.match", "names a match twice"),
    (rule(then={"promote": {"match": ["exakt"]}}), "rules[0].then.promote.match[0]",
     "must be one of broad, phrase, exact, same, expanded, not `exakt`; did you mean `exact`?"),
    (rule(match={"target_type": "product"}, then={"promote": {"match": ["exact"]}}), "rules[0].then.promote.match",
     "`exact` is no match for a product; those are same, expanded"),
    (rule(match={"target_type": "keyword"}, then={"promote": {"match": ["exact", "same"]}}), "rules[0].then.promote.match",
     "`same` is no match for a keyword; those are broad, phrase, exact"),
    (rule(then={"negate": {"match": "broad"}}), "rules[0].then.negate.match",
     "must be exact or phrase, the matches of negative keywords, not `broad`"),
    (rule(then={"negate": {"level": "adgroup"}}), "rules[0].then.negate.level",
     "must be one of ad_group, campaign, not `adgroup`; did you mean `ad_group`?"),
    (rule(then={"promote": {}, "negate_at_source": {"after": {"impressions": 0}}}),
     "rules[0].then.negate_at_source.after.impressions", "must be at least 1"),
    (rule(then={"promote": {}, "negate_at_source": {"after": {"days": 1.5}}}),
     "rules[0].then.negate_at_source.after.days", "must be a whole number, not `1.5`"),
    (rule(then={"promote": {}, "negate_at_source": {"after": {"days": 1_000_000_000}}}),
     "rules[0].then.negate_at_source.after.days", "must be at most 3650 days, not 1000000000"),
    (rule(then={"promote": {}, "negate_at_source": {"after": {"impressions": 0}}}),
     "rules[0].then.negate_at_source.after.impressions", "must be at least 1"),
    (bid(suggested="midle"), "rules[0].then.promote.bid.suggested",
     "must be one of low, middle, high, not `midle`; did you mean `middle`?"),
    (bid(suggested=True), "rules[0].then.promote.bid.suggested", "must be one of low, middle, high, not `true`"),
    (bid(sugested="low"), "rules[0].then.promote.bid.sugested", "unknown key `sugested`; did you mean `suggested`?"),
    (bid(suggested="low", fixed={}), "rules[0].then.promote.bid.fixed", "names no currency; write for example {USD: 0.75}"),
    (bid(fixed={"UDS": 1}), "rules[0].then.promote.bid.fixed.UDS", "unknown currency `UDS`; did you mean `USD`?"),
    (bid(fixed={"XXX": 1}), "rules[0].then.promote.bid.fixed.XXX", "unknown currency `XXX`"),
    (bid(fixed={"USD": 0}), "rules[0].then.promote.bid.fixed.USD", "must be more than 0"),
    (bid(fixed=1), "rules[0].then.promote.bid.fixed", "must be an amount per currency, such as {USD: 1}, not `1`"),
    (bid(ceiling=Decimal("1.5")), "rules[0].then.promote.bid.ceiling",
     "must be an amount per currency, such as {USD: 1.5}, not `1.5`"),
    (bid(fixed={}), "rules[0].then.promote.bid.fixed", "names no currency; write for example {USD: 0.75}"),
    (bid(ad_group_default=False), "rules[0].then.promote.bid.ad_group_default",
     "is the only base there is without `fixed` and `suggested`; leave it out or set one of them"),
    (bid(floor={"USD": 2}, ceiling={"USD": 1, "EUR": 1}), "rules[0].then.promote.bid.floor.USD",
     "the floor 2 is over the ceiling 1"),
    (bid(factor=0), "rules[0].then.promote.bid.factor", "must be more than 0"),
    ({"rules": [PROMOTE, {**NEGATE, "name": "promote"}]}, "rules[1].name",
     "another rule is called `promote` already; names tell rules apart"),
    ({"rules": [PROMOTE, {**PROMOTE, "name": "again"}]}, "rules[1]",
     "rule `again` can never decide: `promote` before it passes whenever it would; move it up or tighten the other"),
    (create(), "groups[0].create", "needs exactly one of `existing` and `new`"),
    (create(existing={}), "groups[0].create.existing", "needs keyword_ad_group or product_ad_group"),
    (create(existing={"keyword_ad_group": 1, "product_ad_group": 1}), "groups[0].create.existing",
     "names one ad group twice: an ad group holds keywords or products, not both"),
    (create(new={**NEW, "name_prefix": "n" * 101}), "groups[0].create.new.name_prefix",
     "must have at most 100 characters, not 101: campaign names are built on it"),
    (create(new={**NEW, "daily_budget": {}, "default_bid": {}}), "groups[0].create.new.daily_budget",
     "names no currency; write for example {USD: 25}"),
    (create(new={**NEW, "default_bid": {}}), "groups[0].create.new.default_bid",
     "USD is missing, but `daily_budget` has it"),
    (create(new={**NEW, "default_bid": {"USD": 1, "EUR": 1}}), "groups[0].create.new.daily_budget",
     "EUR is missing, but `default_bid` has it"),
    (create(new={**NEW, "default_bid": {"USD": 26}}), "groups[0].create.new.default_bid.USD",
     "the bid 26 is over the daily budget 25"),
    ({"groups": [{"create": {"existing": {"keyword_ad_group": 1}}}] * 2}, "groups[1]",
     "is never used: entry 1 covers all of its ad groups before it"),
    ({"guard": {"promotions_per_run": -1}}, "guard.promotions_per_run",
     "must be a number from 0 to 1000000000000, not -1"),
    ({"guard": {"promotions": 1}}, "guard.promotions", "unknown key `promotions`; did you mean `promotions_per_run`?"),
    ({"profiles": {"Shop": {}}}, "profiles.Shop", "must be an id of digits, not `Shop`"),
    ({"profiles": {"11": {"modes": "auto"}}}, "profiles.11.modes", "unknown key `modes`; did you mean `mode`?"),
    ({"profiles": {"11": {"protect": {"own_products": False}}}}, "profiles.11.protect.own_products",
     "a profile can only add protection; leave it out"),
    ({"profiles": {"11": {"bids": {"USD": {"floor": 2, "ceiling": 1}}}}}, "profiles.11.bids.USD.floor",
     "the floor 2 is over the ceiling 1"),
    ({"tests": [{**TEST, "expect": "promoted"}]}, "tests[0].expect",
     "must be one of promote, negate, hold, skip, not `promoted`; did you mean `promote`?"),
    ({"tests": [{**TEST, "given": {"clicks": 1}}]}, "tests[0].given", "`conversions` is missing"),
    ({"tests": [{**TEST, "rule": "promote-proven-keyword"}]}, "tests[0].rule",
     "no rule is called `promote-proven-keyword`; did you mean `promote-proven-keywords`?"),
    ({"tests": [{**TEST, "name": "x" * 70 + "y" * 20}]}, "tests[0].name", "must have at most 80 characters, not 90"),
]  # fmt: skip


@pytest.mark.parametrize(("data", "field", "message"), TABLE)
def test_each_mistake_is_told_where_it_is_and_what_to_do(data, field, message):
    """One problem, one sentence, at the key that it is about."""
    ruleset, problems = read(data)

    assert ruleset is None
    assert [(problem.field, problem.message) for problem in problems][0:1] == [(field, message)]


def test_no_word_of_the_validator_reaches_a_person():
    """None of the sentences sounds like a program that talks to itself."""
    messages = [problem.message for data, _, _ in TABLE for problem in read(data)[1]]

    assert len(messages) >= len(TABLE)
    for word in ("pydantic", "Input should", "Value error", "validation", "NoneType", "dict", "tuple"):
        assert [message for message in messages if word in message] == []


def test_all_problems_are_told_at_once_as_far_as_they_can_be_known():
    """Nobody mends a file one run at a time; what compares two parts waits until both are of the right shape."""
    _, problems = read({"rules": [{**PROMOTE, "name": "a", "then": {}}, {**NEGATE, "name": "a", "when": {}}], "x": 1})
    _, later = read({"rules": [{**PROMOTE, "name": "a", "then": {}}, {**NEGATE, "name": "a", "when": {}}]})

    assert [problem.field for problem in problems] == ["x", "rules[0].then", "rules[1].when"]
    assert [problem.field for problem in later] == ["rules[0].then", "rules[1].when", "rules[1].name"]


@pytest.mark.parametrize(
    ("data", "fields"),
    [
        ({"rules": [{**PROMOTE, "name": []}, {**PROMOTE, "when": {}}], "groups": [{}]}, ["rules[0].name", "rules[1].when", "groups[0]"]),
        ({"rules": [{**PROMOTE, "name": []}], "groups": [{"x": 1}, {}]}, ["rules[0].name", "groups[0].x", "groups[1]"]),
        ({"rules": {}, "groups": [{}]}, ["rules", "groups[0]"]),
        ({"version": 2}, ["version"]),
    ],
)  # fmt: skip
def test_sense_is_looked_at_beside_what_is_misshapen(data, fields):
    """A rule that cannot be read keeps nobody from the mistakes in the next one, and each keeps its place in the file."""
    assert [problem.field for problem in read(data)[1]] == fields


def test_what_is_no_section_at_all_is_refused():
    """A list is no rules file."""
    assert [(problem.field, problem.message) for problem in read([])[1]] == [
        ("", "must be a section of keys, not a list")
    ]


@pytest.mark.parametrize(
    "data",
    [
        {"profiles": {"11": {"bids": {"USD": {"floor": 1}, "EUR": {"floor": 1, "ceiling": 2}}}}},
        {"profiles": {"11": {"protect": {"own_products": True}}}},
        {"groups": [{"source": {"ad_groups": ["7"]}, "create": {"new": NEW}},
                    {"create": {"existing": {"product_ad_group": 1}}}]},
        {"rules": []},
        {"tests": [{**TEST, "rule": "promote-proven-keywords"}]},
        {"protect": {"asins": ["0316769487", 1234567890]}},
    ],
)  # fmt: skip
def test_what_is_right_is_taken(data):
    """No problem is made up."""
    assert read(data)[1] == []
