"""The evidence of a search term as the ledger keeps it: JSON text with the totals of every window."""

from collections.abc import Mapping

import msgspec

from harvester.domain.history import MICROS, NOTHING, Around, Gap, Totals, Window
from harvester.rules.checks.windowed import shrunken_rate, window_name

_CENT = MICROS // 100


class WindowFigures(msgspec.Struct, frozen=True):
    """Of one window. Money as decimal text."""

    impressions: int = 0
    clicks: int = 0
    cost: str = "0.00"
    orders: int = 0
    sales: str = "0.00"


class TermNote(msgspec.Struct, frozen=True):
    windows: dict[str, WindowFigures] = {}
    """By name: `60d-7d`; the window that clicks and conversions are of comes first."""
    currency: str = ""
    keyword_id: str = ""
    """Of the keyword or target that most was spent under."""
    match_type: str = ""
    targeting: str = ""
    keywords: int = 1
    """How many keywords and targets of the ad group it came under."""
    asked_for: tuple[str, ...] | msgspec.UnsetType = msgspec.UNSET
    """What the ad group advertises, where the rules tell products apart."""
    rates: dict[str, float] | msgspec.UnsetType = msgspec.UNSET
    """Orders per click of the ad group, drawn towards the profile's, by window: what expected clicks follow from."""
    gaps: dict[str, Gap] | msgspec.UnsetType = msgspec.UNSET
    """Of the windows that were not whole."""


_write = msgspec.json.Encoder().encode
_read = msgspec.json.Decoder(TermNote).decode


def decimal_text(millionths: int) -> str:
    """`12.34`; more digits only where there are any."""
    whole, rest = divmod(millionths, MICROS)
    return f"{whole}.{rest // _CENT:02d}" if rest % _CENT == 0 else f"{whole}.{rest:06d}".rstrip("0")


def tail_of_note(
    keyword_id: str,
    match_type: str,
    targeting: str,
    currency: str,
    keywords: int = 1,
    advertised: tuple[str, ...] = (),
    around: Around | None = None,
) -> str:
    """What a note says beside its windows: the same for all terms of a keyword."""
    rates, gaps = _of_ad_group(around)
    note = TermNote(
        {}, currency, keyword_id, match_type, targeting, keywords,
        advertised or msgspec.UNSET, rates or msgspec.UNSET, gaps or msgspec.UNSET,
    )  # fmt: skip
    return _write(note).decode().removeprefix('{"windows":{}')


def _of_ad_group(around: Around | None) -> tuple[dict[str, float], dict[str, Gap]]:
    """Rates of whole windows, and what the others lack."""
    if around is None:
        return {}, {}
    whole = {*around.ad_group, *around.profile} - around.gaps.keys()
    found = {window: shrunken_rate(around, window) for window in whole}
    rates = {window_name(window): rate for window, rate in sorted(found.items()) if rate is not None}
    return rates, {window_name(window): gap for window, gap in sorted(around.gaps.items())}


def note_of(windows: Mapping[str, Window], totals: Mapping[Window, Totals], tail: str) -> str:
    """The note, from windows by name. Put together by hand: there may be a million of them."""
    told = [
        f'"{name}":{{"impressions":{sums.impressions},"clicks":{sums.clicks},"cost":"{decimal_text(sums.cost)}",'
        f'"orders":{sums.orders},"sales":"{decimal_text(sums.sales)}"}}'
        for name, window in windows.items()
        for sums in (totals.get(window, NOTHING),)
    ]
    return f'{{"windows":{{{",".join(told)}}}{tail}'


def rates_of(note: TermNote) -> Mapping[str, float]:
    """Of its ad group, by window; notes of older versions have none."""
    return {} if isinstance(note.rates, msgspec.UnsetType) else note.rates


def read_note(evidence_note: str | None) -> TermNote:
    """Empty where there is none."""
    return _read(evidence_note) if evidence_note else TermNote()
