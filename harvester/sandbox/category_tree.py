"""The categories of the pretend marketplaces: three levels, with the real queries and their products at the bottom."""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache

from harvester.sandbox import shopping

# Department > shelf > category: the queries whose products lie there.
_SHELVES: dict[str, dict[str, dict[str, tuple[str, ...]]]] = {
    "Home & Kitchen": {
        "Kitchen & Dining": {
            "Kitchen Towels": ("t towels kitchen",),
            "Whisks": ("whisk made in usa",),
            "Lunch Boxes": ("usb lunch box",),
            "Carafes & Pitchers": ("ez carafe",),
            "Serving Trays": ("brass tray rectangular",),
        },
        "Bedding & Decor": {
            "Throw Pillows": ("couch pillows",),
            "Window Screens": ("sliding window screens",),
        },
    },
    "Clothing, Shoes & Jewelry": {
        "Women": {
            "Slippers": ("ugg dakota slippers women", "ugg slippers women"),
            "Sandals": ("sandals for women", "flip flops"),
            "Pants": ("women plus petite pants", "petite dressy spandex pants", "ua vital woven pants"),
            "Skirts": ("winter skirts for women",),
            "Swimwear": ("cupshe high waisted tankini", "mens one piece bikini"),
            "Handbags": ("michael kors handbags",),
        },
        "Men": {
            "Formal Wear": ("men formal wear",),
            "Men's Slippers": ("mens slippers",),
            "Fashion Hoodies": ("yellow champion hoodie",),
            "Tennis Shoes": ("tennis lacoste hombre",),
        },
        "Boys": {"Boys' Pants": ("boys pants slim fit",)},
    },
    "Tools & Home Improvement": {
        "Power & Hand Tools": {
            "Rotary Tool Accessories": ("dremel cleaning tool",),
            "Planers": ("wood planner makita",),
            "Screwdrivers": ("ji screwdriver",),
            "Drywall Tools": ("tape and mudding tools",),
            "Tool Organizers": ("tool wrap",),
        },
    },
    "Beauty & Personal Care": {
        "Hair Care": {
            "Shampoos": ("tresemme shampoo anti breakage",),
            "Hair Brushes": ("torino brush medium soft",),
            "Hair Glitter": ("hair glitter",),
        },
        "Skin Care": {"Hand Creams & Lotions": ("working mans hand cream",)},
    },
    "Toys & Games": {
        "Building Toys": {"Building Sets": ("amusement park lego set",)},
        "Games": {
            "Card Games": ("ultimate guard french tarot",),
            "Novelty & Gag Toys": ("salt gun", "bite not collar"),
            "Play Kitchens & Shops": ("mini vending machine",),
        },
    },
    "Books": {
        "Literature & Fiction": {
            "Audiobooks": ("audible books",),
            "Fantasy": ("fragon book", "frank damazio"),
        },
    },
    "Electronics": {
        "Audio & Video": {
            "Earbud Headphones": ("apple earbuds",),
            "DJ Equipment": ("cdj stand",),
            "Tablets": ("kindle fire",),
            "Batteries": ("gift not included batteries",),
        },
    },
    "Baby Products": {
        "Gifts & Nursery": {
            "Baby Gifts": ("baby shower gifts",),
            "Newborn Essentials": ("newborn hospital essentials",),
        },
    },
    "Pet Supplies": {
        "Dogs & Birds": {
            "Dog Bowls": ("red dog bowl",),
            "Bird Feeders": ("muse hummingbird feeder",),
        },
    },
    "Sports & Outdoors": {"Boating & Water": {"Paddle Boards": ("red paddle board",)}},
    "Arts, Crafts & Sewing": {
        "Supplies": {
            "Screen Printing": ("yudu screen printing supplies",),
            "Leathercraft": ("thin leather strap",),
            "Drawing Pencils": ("kaweco sketch up pencil",),
        },
    },
}

_BRANDS = (
    *("Acorn & Ash", "Bluebell", "Cinder Works", "Dovetail", "Everly", "Fieldnote", "Goldfinch", "Harrow", "Inkwell"),
    *("Juniper Lane", "Kestrel", "Lumen", "Marlow", "Northbound", "Oakhurst", "Pinecrest", "Quarry", "Rosewater"),
)
_AGES = ("Birth to 24 Months", "2 to 4 Years", "5 to 7 Years", "8 to 13 Years", "14 Years & Up")
_GENRES = ("Adventure", "Biography", "Fantasy", "Historical", "Mystery", "Poetry", "Romance")


@dataclass(frozen=True)
class Node:
    number: int
    name: str
    parent: "Node | None"
    targetable: bool = True
    children: list["Node"] = field(default_factory=list)
    queries: tuple[str, ...] = ()

    @property
    def own_id(self) -> str:
        return str(1_055_398 + self.number * 97_003 % 9_000_000)

    @property
    def path(self) -> str:
        return f"{self.parent.path if self.parent else ''}/{self.name}"

    @property
    def department(self) -> str:
        return self.parent.department if self.parent else self.name

    def products(self) -> int:
        if self.children:
            return sum(child.products() for child in self.children)
        return 40 + _dice(self.own_id) % 24_000

    def range(self) -> dict[str, int]:
        """What the API says instead of a number."""
        return spread(self.products())


def spread(products: float) -> dict[str, int]:
    return {"min": int(products * 0.75), "max": int(products * 1.25)}


def _dice(text: str) -> int:
    return zlib.crc32(text.encode())


@cache
def departments() -> tuple[Node, ...]:
    numbers = iter(range(10_000))

    def node(name: str, parent: Node | None, *, targetable: bool, queries: tuple[str, ...] = ()) -> Node:
        made = Node(next(numbers), name, parent, targetable, [], queries)
        if parent is not None:
            parent.children.append(made)
        return made

    found = []
    for department, shelves in _SHELVES.items():
        top = node(department, None, targetable=False)
        found.append(top)
        for shelf, categories in shelves.items():
            middle = node(shelf, top, targetable=True)
            for category, queries in categories.items():
                node(category, middle, targetable=True, queries=queries)
    return tuple(found)


def walk(nodes: "tuple[Node, ...] | list[Node]") -> Iterator[Node]:
    """A parent before its children."""
    for node in nodes:
        yield node
        yield from walk(node.children)


@cache
def by_id() -> dict[str, Node]:
    return {node.own_id: node for node in walk(departments())}


@cache
def home_of() -> dict[str, Node]:
    """ASIN -> the category where it lies, for every product of a known query."""
    topics = {shopping.topic(number).query: shopping.topic(number) for number in range(shopping.topic_count())}
    found: dict[str, Node] = {}
    for node in walk(departments()):
        for query in node.queries:
            topic = topics[query]
            for asin in (*topic.own_asins, *(asin for asin, _ in topic.products)):
                found.setdefault(asin, node)
    return found


def brands_of(node: Node) -> list[tuple[str, str]]:
    """Id and name."""
    return [
        (str(2_581_000_011 + _dice(name) % 7_000_000_000), name)
        for name in _BRANDS
        if _dice(f"{node.own_id} {name}") % 3 == 0
    ]


def ages_of(node: Node) -> list[tuple[str, str]]:
    children = node.department in {"Toys & Games", "Baby Products"}
    return [(str(165_813_011 + place * 77), name) for place, name in enumerate(_AGES)] if children else []


def genres_of(node: Node) -> list[tuple[str, str]]:
    books = node.department == "Books"
    return [(str(10_134_011 + place * 131), name) for place, name in enumerate(_GENRES)] if books else []
