"""Categories against the official specification: what the client asks, what the sandbox takes and says."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from decimal import Decimal
from typing import Any

import pytest

from harvester.adapters.ads.reader import AmazonReader
from harvester.domain.category_tree import Narrowed
from harvester.sandbox import categories, shopping
from harvester.sandbox.calls import Operation
from harvester.sandbox.settings import Options
from tests.contracts.reading_calls import open_reader
from tests.contracts.spec import Spec
from tests.contracts.test_bid_suggestions import accepted_with
from tests.contracts.test_sandbox_answers import spoiled
from tests.unit.adapters.loopback import Bench, Reply, opened
from tests.unit.sandbox.customer import Customer, shop
from tests.unit.sandbox.customer import Reply as Answered

SPONSORED = Spec.load("sponsored-products")
ANSWER = "application/vnd.spproducttargetingresponse.v{}+json"
ASKED = "application/vnd.spproducttargeting.v3+json"
TREE, SUGGESTED, REFINED, COUNTED = (
    "/sp/targets/categories",
    "/sp/targets/categories/recommendations",
    "/sp/targets/category/7/refinements",
    "/sp/targets/products/count",
)
FULL: dict[str, Any] = {
    SUGGESTED: {"asins": ["B000000001"], "includeAncestor": True},
    COUNTED: {
        "category": "7",
        "brands": [{"id": "1", "name": "a"}],
        "ageRanges": [{"id": "1", "name": "a"}],
        "genres": [{"id": "1", "name": "a"}],
        "isPrimeShipping": True,
        "priceRange": {"min": 1.5, "max": 2},
        "ratingRange": {"min": 0, "max": 5},
    },
}
ASINS = [f"B{number:09}" for number in range(10_000)]
NARROWED = Narrowed("7", ("1",), ("2",), ("3",), prime=True, price=(Decimal("0.5"), Decimal(9)), rating=(0, 5))

Ask = Callable[[AmazonReader], Awaitable[object]]


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    async with opened() as one:
        yield one


@pytest.mark.parametrize(
    ("method", "path", "version", "answer", "ask"),
    [
        ("GET", TREE, 5, [], lambda reader: reader.category_tree()),
        ("POST", SUGGESTED, 5, {"categories": []}, lambda reader: reader.suggested_categories(ASINS)),
        (
            "POST", SUGGESTED, 5, {"categories": []},
            lambda reader: reader.suggested_categories(ASINS[:1], with_ancestors=True),
        ),
        ("GET", REFINED, 4, {}, lambda reader: reader.refinements("7")),
        ("POST", COUNTED, 3, {"asinCounts": {"min": 1, "max": 2}}, lambda reader: reader.product_count(NARROWED)),
    ],
)  # fmt: skip
async def test_every_question_of_the_client_fits_the_specification(
    bench: Bench, method: str, path: str, version: int, answer: object, ask: Ask
):
    """The newest version of each answer, the one request type, and no body where there is none."""
    bench.amazon.on(path, Reply(answer))

    await ask(open_reader(bench.login()))

    (request,) = bench.amazon.asked(path)
    SPONSORED.validate_request(method, request.path, request.headers, request.raw)
    assert request.headers["Accept"] == ANSWER.format(version)
    assert request.headers.get("Content-Type", "application/octet-stream") == (
        ASKED if method == "POST" else "application/octet-stream"
    )
    assert bool(request.raw) == (method == "POST")


BY_OPERATION = pytest.mark.parametrize("operation", categories.OPERATIONS, ids=lambda one: one.name)


@BY_OPERATION
def test_the_sandbox_speaks_the_media_types_of_the_specification(operation: Operation):
    """All versions of each answer, none but them."""
    official = SPONSORED.operation(operation.method, operation.path)

    assert official.answer_media_types(200) == operation.answers
    assert official.request_media_types == ((ASKED,) if operation.method == "POST" else ())


@pytest.mark.parametrize("path", FULL)
def test_the_sandbox_takes_and_refuses_what_the_specification_does(path: str):
    """One spoiled place at a time, both judges agree."""
    (operation,) = [each for each in categories.OPERATIONS if each.path == path]
    schema = SPONSORED.operation("POST", path).body["requestBody"]["content"][ASKED]["schema"]
    shape = operation.versions[0].shape
    disagreements = [
        name
        for name, body in spoiled(FULL[path])
        if (not SPONSORED.faults_of(schema, body, strict=True)) != accepted_with(shape, body)
    ]

    assert accepted_with(shape, FULL[path])
    assert disagreements == []


async def ask(customer: Customer, method: str, path: str, version: int, body: object = None, **more: str) -> Answered:
    headers: dict[str, str | None] = {"Accept": ANSWER.format(version), "Content-Type": ASKED, **more}
    return await customer.call(method, path, body, headers=headers)


def nodes_of(tree: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [found for node in tree for found in (node, *nodes_of(node["ch"]))]


@pytest.mark.parametrize("dialect", ["spec", "guide"])
async def test_the_tree_is_whole_in_every_version_and_dialect(dialect: str):
    """Every id once; text within an object, or bare; the customer judges what the specification has."""
    async with shop(Options(dialect=dialect)) as customer:
        customer.judging = dialect == "spec"
        answers = [(await ask(customer, "GET", TREE, version)).body for version in (3, 4, 5)]

    trees = [json.loads(answer["categoryTree"]) if dialect == "spec" else answer for answer in answers]
    three, four, five = (nodes_of(tree) for tree in trees)
    assert len({node["id"] for node in three}) == len(three) > 60
    assert [node["na"] for node in three] == [node["na"] for node in four] == [node["tn"] for node in five]
    assert [sorted(nodes[0]) for nodes in (three, four, five)] == [
        ["ch", "id", "na", "ta"],
        ["asinCountRange", "ch", "id", "na", "ta"],
        ["asinCountRange", "ch", "id", "na", "ta", "tn"],
    ]


@pytest.mark.parametrize("version", [3, 4, 5])
async def test_products_of_a_known_query_get_the_category_that_fits(version: int):
    """And of one that nobody knows nothing; with ancestors those above it come too."""
    slippers = next(
        shopping.topic(number)
        for number in range(shopping.topic_count())
        if shopping.topic(number).query == "ugg slippers women"
    )
    async with shop(Options(dialect="spec")) as customer:
        body = {"asins": list(slippers.own_asins)}
        alone = (await ask(customer, "POST", SUGGESTED, version, body)).body["categories"]
        above = (await ask(customer, "POST", SUGGESTED, version, {**body, "includeAncestor": True})).body["categories"]
        nobodys = (await ask(customer, "POST", SUGGESTED, version, {"asins": ["B000000000", "x"]})).body["categories"]

    path = "path" if version == 3 else "categoryPath"
    assert "/Clothing, Shoes & Jewelry/Women/Slippers" in [each[path] for each in alone]
    assert len(above) > len(alone)
    assert "-1" in {each["parent" if version == 3 else "parentCategoryId"] for each in above}
    assert nobodys == []


@pytest.mark.parametrize("version", [3, 4])
async def test_a_category_has_the_refinements_of_its_kind(version: int):
    """Brands for all, ages for toys, genres for books, nothing for a category that there is not."""
    async with shop(Options(dialect="spec")) as customer:
        tree = nodes_of(json.loads((await ask(customer, "GET", TREE, 3)).body["categoryTree"]))
        ids = {node["na"]: node["id"] for node in tree} | {"nothing": 1}
        found = {
            name: (await ask(customer, "GET", f"/sp/targets/category/{ids[name]}/refinements", version)).body
            for name in ("Slippers", "Card Games", "Fantasy", "nothing")
        }

    lists = {name: [key for key, values in each.items() if values] for name, each in found.items()}
    assert lists == {
        "Slippers": ["brands"],
        "Card Games": ["brands", "ageRanges"],
        "Fantasy": ["brands", "genres"],
        "nothing": [],
    }


async def test_what_narrows_a_category_down_leaves_fewer_products():
    """Each refinement by itself, and all together; empty ranges, unknown categories and stars are refused."""
    async with shop(Options(dialect="spec")) as customer:
        tree = nodes_of(json.loads((await ask(customer, "GET", TREE, 3)).body["categoryTree"]))
        own_id = next(str(node["id"]) for node in tree if node["na"] == "Card Games")
        refinements = (await ask(customer, "GET", f"/sp/targets/category/{own_id}/refinements", 4)).body
        brand, age = [{"id": refinements[name][0]["id"]} for name in ("brands", "ageRanges")]

        async def counted(**narrowed: object) -> dict[str, int]:
            reply = await ask(customer, "POST", COUNTED, 3, {"category": own_id, **narrowed})
            count: dict[str, int] = reply.body["asinCounts"]
            return count

        whole = await counted()
        parts: list[dict[str, Any]] = [
            {"brands": [brand]}, {"ageRanges": [age]}, {"isPrimeShipping": True},
            {"priceRange": {"min": 10, "max": 20}}, {"ratingRange": {"min": 0, "max": 3}},
        ]  # fmt: skip
        fewer = [await counted(**part) for part in parts]
        together = await counted(**{name: value for part in parts for name, value in part.items()})
        refused = [
            (await ask(customer, "POST", COUNTED, 3, {"category": own_id, **wrong})).status
            for wrong in (
                {"category": "1"}, {"ratingRange": {"min": 4, "max": 2}}, {"ratingRange": {"max": 6}},
                {"brands": [{"name": "x"}]},
            )
        ]  # fmt: skip

    assert 0 < whole["min"] < whole["max"]
    assert all(0 < each["max"] < whole["max"] for each in fewer)
    assert together["max"] < min(each["max"] for each in fewer)
    assert refused == [422] * 4


@BY_OPERATION
async def test_every_refusal_has_the_form_of_its_family(operation: Operation):
    """`{code, details}` as plain JSON: media types, tokens, locale, bodies, throttling."""
    path = operation.path.replace("{categoryId}", "7")
    good = int(operation.answers[0].split(".v")[1][0])
    async with shop(Options(dialect="spec")) as customer:
        wrong: list[tuple[dict[str, Any], int]] = [
            ({"Accept": "application/json"}, 406),
            ({"Accept": "application/vnd.spproducttargeting.v3+json"}, 406),
            ({"Authorization": "Bearer Atza|no"}, 401),
        ]
        if operation.method == "POST":
            wrong.append(({"Content-Type": "application/json"}, 415))
            refused = await ask(customer, "POST", path, good, {"unheardOf": 1})
            assert (refused.status, refused.body["code"], refused.media_type) == (400, "400", "application/json")
        for headers, status in wrong:
            reply = await ask(customer, operation.method, path, good, FULL.get(path), **headers)
            assert (reply.status, reply.body["code"], reply.media_type) == (status, str(status), "application/json")
        for status in (429, 500):
            await customer.control("faults", [{"action": {"status": status}}])
            assert (await ask(customer, operation.method, path, good, FULL.get(path))).status == status


async def test_a_locale_that_there_is_not_is_refused():
    """Of those that the specification lists, any is taken."""
    async with shop(Options(dialect="spec")) as customer:
        assert (await ask(customer, "GET", f"{TREE}?locale=zh_CN", 5)).status == 200
        assert (await ask(customer, "GET", f"{TREE}?locale=xx_YY", 5)).status == 400
