"""What the pretend catalog says about the real ASINs: brands, categories, ranks, prices, families, identifiers.

All of it is made up from the ASIN and the shopping query that people judged it for, and is the same in every market.
"""

import hashlib
from dataclasses import dataclass
from functools import cache

from harvester.sandbox import shopping
from harvester.sandbox.marketplaces import SCALE, Marketplace
from harvester.sandbox.shopping import Judged
from harvester.sandbox.wire import Json

_DEPARTMENTS = (
    ("1055398", "Home & Kitchen", "home_display_on_website", ("Bath", "Bedding", "Kitchen & Dining", "Storage")),
    ("7141123011", "Clothing, Shoes & Jewelry", "apparel_display_on_website", ("Women", "Men", "Girls", "Boys")),
    ("172282", "Electronics", "ce_display_on_website", ("Computers", "Headphones", "Television & Video", "Wearables")),
    ("228013", "Tools & Home Improvement", "home_improvement_display_on_website", ("Power Tools", "Lighting", "Paint")),
    ("165793011", "Toys & Games", "toy_display_on_website", ("Puzzles", "Dolls", "Outdoor Play")),
    ("3375251", "Sports & Outdoors", "sports_display_on_website", ("Camping", "Exercise & Fitness", "Cycling")),
)
_BRANDS = (
    *("Alderbrook", "Bramble & Co", "Castlewick", "Dunmore", "Everfield", "Fernhollow", "Greyson", "Harrowgate"),
    *("Ivorydale", "Juniper Row", "Kestrel", "Larkspur", "Millstone", "Northhaven", "Oakhurst", "Pinecrest"),
)
_FAMILY = 4
"""Variations of one parent."""
_COLOURS = ("White", "Black", "Blue", "Grey", "Red", "Green")


@dataclass(frozen=True, slots=True)
class Product:
    """An ASIN, or the parent of a family of them."""

    asin: str
    query: str
    leaf: str
    children: tuple[str, ...] = ()
    parent: str | None = None

    def draw(self, what: str, most: int) -> int:
        """From 0 to below `most`, always the same for an ASIN."""
        digest = hashlib.blake2b(f"{what} {self.asin}".encode(), digest_size=8).digest()
        return int.from_bytes(digest, "big") % most

    @property
    def brand(self) -> str | None:
        """Shops of one query have few brands; some products name none."""
        if not self.children and self.draw("no brand", 12) == 0:
            return None
        start = sum(self.query.encode()) % len(_BRANDS)
        family = Product(self.parent or self.asin, self.query, self.leaf)
        return _BRANDS[(start + family.draw("brand", 4)) % len(_BRANDS)]

    @property
    def title(self) -> str:
        words = [self.brand or "", self.query.title(), "" if self.children else _COLOURS[self.draw("colour", 6)]]
        return " ".join(word for word in words if word)

    @property
    def upc(self) -> str:
        return f"{self.draw('upc', 10**12):012d}"


@cache
def catalog() -> dict[str, Product]:
    """By ASIN. About one real ASIN in fifty is not in it."""
    products: dict[str, Product] = {}
    for number, judged in enumerate(shopping.judgements()):
        families = [judged.exact[start : start + _FAMILY] for start in range(0, len(judged.exact), _FAMILY)]
        for place, family in enumerate(families):
            parent = f"B0P{number:04d}{place:03d}"
            new = tuple(asin for asin in family if asin not in products)
            for asin in new:
                products[asin] = Product(asin, judged.query, judged.query, parent=parent if len(new) > 1 else None)
            if len(new) > 1:
                products[parent] = Product(parent, judged.query, judged.query, children=new)
        for asin, leaf in _others(judged):
            products.setdefault(asin, Product(asin, judged.query, leaf))
    return {asin: one for asin, one in products.items() if one.parent or one.children or one.draw("known", 50)}


def _others(judged: Judged) -> list[tuple[str, str]]:
    """What shoppers of the query see beside what they want, and the category it is in."""
    return [
        *((asin, judged.query) for asin in judged.substitute),
        *((asin, f"{judged.query} accessories") for asin in judged.complement),
        *((asin, f"other than {judged.query}") for asin in judged.irrelevant),
    ]


@cache
def by_identifier() -> dict[tuple[str, str], tuple[str, ...]]:
    """(type, identifier) -> ASINs. A UPC in seven belongs to two products, as the real catalog has it."""
    found: dict[tuple[str, str], tuple[str, ...]] = {}
    before: Product | None = None
    for product in catalog().values():
        for kind, value in identifiers(product).items():
            found[kind, value] = (*found.get((kind, value), ()), product.asin)
        if before is not None and product.draw("twin", 7) == 0:
            found["UPC", before.upc] = (*found["UPC", before.upc], product.asin)
        before = product
    return found


def identifiers(product: Product) -> dict[str, str]:
    upc = product.upc
    named = {"EAN": f"0{upc}", "GTIN": f"00{upc}", "UPC": upc, "JAN": f"45{upc[:11]}", "MINSAN": upc[:9]}
    named |= {"SKU": f"SKU-{product.asin[-6:]}", "ASIN": product.asin}
    return named | ({"ISBN": product.asin} if product.asin[0].isdigit() else {})


_TELLTALE = (
    *("towel kitchen bed bath table rug curtain vase lamp pillow coffee cup tea chair desk storage", "women men dress"),
    *("tv phone tablet computer headphone speaker usb camera watch", "tool drill saw paint light screw bolt tape"),
    *("toy game doll puzzle kids baby party", "bike camping tennis yoga ball gym tent swim golf"),
)
_WORN = ("heel", "shoe", "top", "shirt", "jeans", "sock", "jacket", "women", "men", "dress", "bra", "boot", "hat")


@cache
def department_of(query: str) -> int:
    """The one whose words it holds; some other where nothing tells."""
    if any(word.startswith(_WORN) for word in query.lower().split()):
        return 1
    for number, words in enumerate(_TELLTALE):
        if any(word.startswith(tuple(words.split())) for word in query.lower().split()):
            return number
    return sum(query.encode()) % len(_DEPARTMENTS)


def classification(product: Product) -> Json:
    """The lowest category, with its parents."""
    top_id, top, _, subs = _DEPARTMENTS[department_of(product.query)]
    sub = subs[len(product.query) % len(subs)]
    top_node = {"displayName": top, "classificationId": top_id}
    sub_node = {"displayName": sub, "classificationId": _node_id(top + sub), "parent": top_node}
    return {"displayName": product.leaf.title(), "classificationId": _node_id(product.leaf), "parent": sub_node}


def _node_id(name: str) -> str:
    return str(10**9 + int.from_bytes(hashlib.blake2b(name.encode(), digest_size=4).digest(), "big"))


def item(product: Product, place: Marketplace, included: set[str]) -> Json:
    """What the Catalog API answers. Sections that there is nothing for are left out, as the real one does."""
    body: Json = {"asin": product.asin}
    for section in sorted(included & _SECTIONS.keys()):
        found = _SECTIONS[section](product, place)
        if found is not None:
            body[section] = found
    return body


def _summaries(product: Product, place: Marketplace) -> list[Json]:
    leaf = classification(product)
    summary: Json = {
        "marketplaceId": place.marketplace_id,
        "itemName": product.title,
        "itemClassification": "VARIATION_PARENT" if product.children else "BASE_PRODUCT",
        "browseClassification": {name: leaf[name] for name in ("displayName", "classificationId")},
        "websiteDisplayGroup": _DEPARTMENTS[department_of(product.query)][2],
    }
    if product.brand is not None:
        summary |= {"brand": product.brand, "manufacturer": product.brand}
    return [summary]


def _classifications(product: Product, place: Marketplace) -> list[Json]:
    return [{"marketplaceId": place.marketplace_id, "classifications": [classification(product)]}]


def _sales_ranks(product: Product, place: Marketplace) -> list[Json] | None:
    """Parents have none, and what hardly sells has none."""
    if product.children or product.draw("ranked", 15) == 0:
        return None
    _, top, group, _ = _DEPARTMENTS[department_of(product.query)]
    leaf, rank = classification(product), 1 + product.draw("rank", 200) ** 2 * 5
    in_leaf = {"classificationId": leaf["classificationId"], "title": leaf["displayName"], "rank": 1 + rank // 400}
    whole = {"websiteDisplayGroup": group, "title": top, "rank": rank}
    return [{"marketplaceId": place.marketplace_id, "classificationRanks": [in_leaf], "displayGroupRanks": [whole]}]


def _relationships(product: Product, place: Marketplace) -> list[Json]:
    theme = {"attributes": ["color"], "theme": "COLOR"}
    given: list[Json] = []
    if product.children:
        given = [{"type": "VARIATION", "childAsins": list(product.children), "variationTheme": theme}]
    elif product.parent is not None:
        given = [{"type": "VARIATION", "parentAsins": [product.parent], "variationTheme": theme}]
    return [{"marketplaceId": place.marketplace_id, "relationships": given}]


def _attributes(product: Product, place: Marketplace) -> Json:
    here = {"marketplace_id": place.marketplace_id}
    body: Json = {"item_name": [{"value": product.title, "language_tag": "en_US", **here}]}
    if product.brand is not None:
        body["brand"] = [{"value": product.brand, "language_tag": "en_US", **here}]
    if not product.children and product.draw("priced", 9):
        price = (500 + product.draw("price", 9500)) / 100 * SCALE.get(place.currency, 1)
        body["list_price"] = [{"currency": place.currency, "value": round(price, 2), **here}]
    return body


def _images(product: Product, place: Marketplace) -> list[Json]:
    link = f"https://m.media-amazon.com/images/I/{product.asin}.jpg"
    images = [{"variant": "MAIN", "link": link, "height": size, "width": size} for size in (500, 1500)]
    return [{"marketplaceId": place.marketplace_id, "images": images}]


def _identifiers(product: Product, place: Marketplace) -> list[Json]:
    named = [
        {"identifierType": kind, "identifier": value} for kind, value in identifiers(product).items() if kind != "ASIN"
    ]
    return [{"marketplaceId": place.marketplace_id, "identifiers": named}]


def _product_types(_: Product, place: Marketplace) -> list[Json]:
    return [{"marketplaceId": place.marketplace_id, "productType": "PRODUCT"}]


def _dimensions(product: Product, place: Marketplace) -> list[Json]:
    height = {"unit": "inches", "value": 1.0 + product.draw("height", 200) / 10}
    return [{"marketplaceId": place.marketplace_id, "item": {"height": height}}]


_SECTIONS = {
    "attributes": _attributes,
    "classifications": _classifications,
    "dimensions": _dimensions,
    "identifiers": _identifiers,
    "images": _images,
    "productTypes": _product_types,
    "relationships": _relationships,
    "salesRanks": _sales_ranks,
    "summaries": _summaries,
}
