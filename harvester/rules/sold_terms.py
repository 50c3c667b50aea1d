"""What ever sold, found by what close variants share: a negative meets them too."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence

from harvester.domain.history import Sold, SoldTerm
from harvester.domain.target import Match, asin_of
from harvester.rules.variants import singular, variant_keys, variant_words


class SoldTerms:
    """Of some campaigns of one profile."""

    def __init__(self, country: str) -> None:
        """`country`: of the marketplace, for its plurals."""
        self._country = country
        self._known: dict[str, dict[int, tuple[SoldTerm, ...]]] = {}
        """By campaign and hash of what variants share: of the texts themselves there would be three."""
        self._phrases: dict[str, list[tuple[str, SoldTerm]]] = {}
        self.size = 0

    def lacking(self, campaign_ids: Iterable[str]) -> list[str]:
        """Those that were not opened yet."""
        return sorted({each for each in campaign_ids if each not in self._known})

    def open(self, campaign_ids: Iterable[str]) -> None:
        """Before anything of these campaigns is added."""
        self._known |= {campaign_id: {} for campaign_id in campaign_ids}

    def add(self, terms: Iterable[SoldTerm]) -> None:
        for term in terms:
            self.size += 1
            known = self._known[term.campaign_id]
            for shared in self._shared(term.key):
                known[shared] = (*known.get(shared, ()), term)

    def like(self, campaign_id: str, key: str) -> Sequence[SoldTerm]:
        """What is the same as this text, or a close variant; of a product, that product alone."""
        return self._sharing(campaign_id, self._shared(key))

    def _sharing(self, campaign_id: str, shared: Collection[int]) -> Sequence[SoldTerm]:
        known = self._known[campaign_id]
        return list({id(term): term for each in shared for term in known.get(each, ())}.values())

    def holding(self, campaign_id: str, key: str) -> Sequence[SoldTerm]:
        """What holds these words, or variants of them, in a row."""
        known = self._phrases.get(campaign_id)
        if known is None:
            each_once = {id(term): term for terms in self._known[campaign_id].values() for term in terms}
            known = self._phrases[campaign_id] = [(self._in_a_row(term.key), term) for term in each_once.values()]
        words = self._in_a_row(key)
        return [term for text, term in known if words in text]

    def shut_out(self, campaign_id: str, key: str, match: Match | None) -> Sequence[SoldTerm]:
        """What a negative of this text would meet."""
        found = list(self.like(campaign_id, key))
        if match is Match.PHRASE:
            alike = set(map(id, found))
            found += [term for term in self.holding(campaign_id, key) if id(term) not in alike]
        return found

    def sold(self, campaign_id: str, kin: Collection[tuple[str, str]], key: str) -> Sold | None:
        """Of this text, else of its variant that sold most; in the campaign, else in one of the (campaign, ad group)
        pairs that sell the same. All of these campaigns must have been added.
        """
        shared = self._shared(key)
        here = _most(key, self._sharing(campaign_id, shared))
        if here is not None:
            return here
        found = [
            term
            for campaign, ad_group_id in kin
            for term in self._sharing(campaign, shared)
            if term.ad_group_id == ad_group_id
        ]
        most = max(found, key=lambda term: (term.key == key, term.orders, term.last_day), default=None)
        if most is None:
            return None
        return Sold(most.orders, most.last_day, "" if most.key == key else most.key, most.ad_group_id)

    def _shared(self, key: str) -> Collection[int]:
        if key == asin_of(key):
            return (hash(key),)
        return {hash(each) for each in variant_keys(variant_words(key, self._country), self._country)}

    def _in_a_row(self, key: str) -> str:
        return f" {' '.join(singular(word, self._country) for word in variant_words(key, self._country))} "


def _most(key: str, terms: Sequence[SoldTerm]) -> Sold | None:
    """All orders of one text, whatever ad groups they were in."""
    orders: defaultdict[str, int] = defaultdict(int)
    for term in terms:
        orders[term.key] += term.orders
    if not orders:
        return None
    text = key if key in orders else max(orders, key=lambda each: (orders[each], each))
    last_day = max(term.last_day for term in terms if term.key == text)
    return Sold(orders[text], last_day, "" if text == key else text)
