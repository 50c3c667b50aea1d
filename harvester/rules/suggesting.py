"""How the sources that suggest are asked, and where their targets go without a promotion group."""

from typing import Literal

from harvester.rules.section import Section
from harvester.rules.values import Counting, Digits


class WithoutGroup(Section):
    """Product targets are made in this manual ad group directly; keywords still need a promotion group."""

    product_ad_group: Digits


class ProductSuggestions(Section):
    by: Literal["asin", "theme"] = "asin"
    """asin: products with their themes, up to all there are. theme: at most ten themes, with Amazon's description."""
    most: Counting | None = None
    """Suggestions taken per ad group; all when left out."""


class Suggestions(Section):
    """How the sources that suggest are asked. They are asked only where a rule names them."""

    products: ProductSuggestions = ProductSuggestions()
