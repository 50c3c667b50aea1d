"""What speaks against negating a search term however much it cost: it sold once, or is what we sell by."""

from harvester.domain.candidate import Candidate, Positive
from harvester.domain.decision import Finding, Reason
from harvester.domain.history import Sold
from harvester.domain.target import KEYWORD, Match, fold
from harvester.rules.checks.windowed import money_text
from harvester.rules.patterns import Pattern
from harvester.rules.sections import Protect
from harvester.rules.variants import plain_singulars, variant_keys, variant_words, variants_within

Against = tuple[Reason, tuple[Finding, ...]]


class Trust:
    """Asked only for search terms that a rule would negate."""

    __slots__ = ("_country", "_patterns", "_protected")

    def __init__(self, protect: Protect, country: str = "") -> None:
        """`country`: of the marketplace, for its plurals."""
        self._country = country
        self._patterns = [(entry, Pattern(entry[1:-1])) for entry in protect.keywords if entry.startswith("/")]
        self._protected = {
            key: entry
            for entry in protect.keywords
            if not entry.startswith("/")
            for key in variant_keys(variant_words(fold(entry), country), country)
        }

    def against(self, candidate: Candidate) -> Against | None:
        """The first that applies; None where nothing is known against it."""
        return self._variant(candidate) or _sold(candidate)

    def _variant(self, candidate: Candidate) -> Against | None:
        positives = candidate.ground.positives
        if candidate.kind is not KEYWORD:
            own = positives.get(candidate.key)
            return _of_own(candidate, own) if own else None
        entry = self.protecting(candidate.key)
        if entry is not None:
            return _held("protected", entry, None)
        if not positives:
            return None
        keys = variant_keys(variant_words(candidate.key, self._country), self._country)
        own = next((positives[key] for key in keys if key in positives), None)
        return _of_own(candidate, own) if own else None

    def protecting(self, key: str) -> str | None:
        """The entry under protect.keywords that a folded keyword holds a close variant of."""
        if not self._protected and not self._patterns:
            return None
        words = variant_words(key, self._country)
        for shared in variants_within(words, self._country) if self._protected else ():
            if shared in self._protected:
                return self._protected[shared]
        texts = list(plain_singulars(words)) if self._patterns else ()
        return next((entry for entry, pattern in self._patterns if any(map(pattern.found_in, texts))), None)


def _of_own(candidate: Candidate, own: Positive) -> Against:
    here = own.ad_group_id == candidate.row.ad_group_id
    served = here and own.match in (Match.EXACT, Match.SAME) and own.key == candidate.key
    return _held("served" if served else "own", own.text, own.ad_group_id)


def _held(what: str, measured: str, bound: str | None) -> Against:
    return Reason.VARIANT_OF_POSITIVE, (Finding("", f"variant.{what}", measured, bound, passed=False),)


def _sold(candidate: Candidate) -> Against | None:
    """Where nobody looked for orders of old, sales that no order is counted for speak for themselves."""
    history = candidate.history
    if history is not None and history.sold is not None:
        return Reason.EVER_CONVERTED, _orders(history.sold)
    windows = tuple(history.windows.values()) if history is not None else ()
    earned = max((sums.sales for sums in windows), default=0)
    if not earned or any(sums.orders for sums in windows):
        return None
    amount = money_text(earned, candidate.ground.account.profile.currency)
    return Reason.EVER_CONVERTED, (Finding("", "sold.sales", amount, None, passed=False),)


def _orders(sold: Sold) -> tuple[Finding, ...]:
    last_day = sold.last_day.isoformat()
    if not sold.variant and not sold.ad_group_id:
        return (Finding("", "sold.orders", sold.orders, last_day, passed=False),)
    what = (
        Finding("", "sold.variant", sold.orders, sold.variant, passed=False)
        if sold.variant
        else Finding("", "sold.elsewhere", sold.orders, None, passed=False)
    )
    where = (
        Finding("", "sold.in_ad_group", sold.ad_group_id, last_day, passed=False)
        if sold.ad_group_id
        else Finding("", "sold.here", None, last_day, passed=False)
    )
    return what, where
