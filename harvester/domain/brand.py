"""A brand at Amazon: its id is what counts, its name is for people."""

import msgspec

from harvester.domain.target import fold


class Brand(msgspec.Struct, frozen=True):
    brand_id: str
    name: str
    """As Amazon told it; empty where it did not."""

    @property
    def words(self) -> str:
        """As a keyword would hold it: letters and digits, folded; empty without a name."""
        return " ".join("".join(each if each.isalnum() else " " for each in fold(self.name)).split())


def brand_key(brand_id: str) -> str:
    """Under which a negative brand stands beside negative products: an id may look like an ASIN."""
    return f"brand:{brand_id}"
