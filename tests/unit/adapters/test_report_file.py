"""The file of a report, read as a stream."""

import gzip
import io
import itertools
import json
import tracemalloc
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harvester.adapters.ads import report_file
from harvester.adapters.ads.report_file import ArrayReader, plain
from harvester.adapters.exchange import Unreadable


class Row(msgspec.Struct):
    term: str
    clicks: int


AWKWARD = st.text(
    st.one_of(
        st.sampled_from(list('{}[],:"\\ \n\t')), st.characters(exclude_categories=["Cs"], exclude_characters="\0")
    )
)
ROWS = st.lists(st.builds(Row, AWKWARD, st.integers(0, 10**9)), max_size=30)


def cut(text: bytes, places: Iterable[int]) -> Iterator[bytes]:
    """Into pieces, some of them empty."""
    at = 0
    for place in sorted(min(place, len(text)) for place in places):
        yield text[at:place]
        at = place
    yield text[at:]


def read(pieces: Iterable[bytes], batch_bytes: int = 1) -> tuple[list[Row], list[bytes]]:
    rows: list[Row] = []
    odd: list[bytes] = []
    for batch in ArrayReader(Row).read(pieces, batch_bytes):
        rows += batch.rows
        odd += batch.odd
    return rows, odd


def written(rows: list[Row], indent: int | None, *, escaped: bool) -> bytes:
    said = [{"term": row.term, "nested": [{"a": "},{"}], "clicks": row.clicks} for row in rows]
    return json.dumps(said, ensure_ascii=escaped, indent=indent).encode()


@given(
    rows=ROWS,
    places=st.lists(st.integers(0, 3000), max_size=40),
    batch_bytes=st.integers(1, 400),
    indent=st.sampled_from([None, 0, 2]),
    escaped=st.booleans(),
    around=st.sampled_from([(b"", b""), (b" \n", b"\n "), (b"\xef\xbb\xbf ", b"")]),
)
def test_every_row_is_read_wherever_the_pieces_are_cut(
    rows: list[Row], places: list[int], batch_bytes: int, indent: int | None, escaped: bool, around: tuple[bytes, bytes]
) -> None:
    """Strings that hold brackets, quotes and commas, nested values, any spacing: what comes out is what went in."""
    text = around[0] + written(rows, indent, escaped=escaped) + around[1]

    assert read(cut(text, places), batch_bytes) == (rows, [])


@given(rows=ROWS, places=st.lists(st.integers(0, 3000), max_size=20), share=st.floats(0, 1, exclude_max=True))
def test_a_text_that_ends_too_early_is_always_told(rows: list[Row], places: list[int], share: float) -> None:
    """Nobody takes half a report for a whole one."""
    text = written(rows, None, escaped=True)

    with pytest.raises(Unreadable, match="in the middle"):
        read(cut(text[: int(len(text) * share)], places), 50)


@given(
    items=st.lists(
        st.one_of(
            st.builds(Row, AWKWARD, st.integers(0, 10)),
            st.sampled_from(
                [b"null", b"7", b"true", b'{"term": 5}', b'{"term": "a", "clicks": NaN}', b"[1, [2]]", b'{"clicks": 1}',
                 b'{"term": "\\u0000", "clicks": 1}', b'{"term": "\xff", "clicks": 1}']
            ),
        ), max_size=12,
    ),
    batch_bytes=st.integers(1, 100),
)  # fmt: skip
def test_what_is_no_row_is_counted_and_costs_no_other(items: list[Row | bytes], batch_bytes: int) -> None:
    """Other values, wrong types, numbers that are none, NUL, bytes that are no text."""
    text = b"[" + b",".join(item if isinstance(item, bytes) else msgspec.json.encode(item) for item in items) + b"]"

    rows, odd = read(cut(text, range(0, len(text), 7)), batch_bytes)

    assert rows == [item for item in items if isinstance(item, Row)]
    assert len(odd) == len(items) - len(rows)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (b"", "in the middle"),
        (b"  ", "in the middle"),
        (b'{"code": 1}', "no array"),
        (b"<html>", "no array"),
        (b"\xef\xbb<", "no array"),
        (b"[] []", "after its end"),
        (b'[{"term":"a","clicks":1}] {"term":"b"}', "after its end"),
        (b'[{"term":"a","clicks":1}],{"term":"b","clicks":1},{"term":"c","clicks":1}', "after its end"),
        (b'[{"a":1}]}]', "after its end|do not match"),
        (b'[}},{"term":"a","clicks":1}]', "do not match"),
    ],
)
def test_what_is_no_array_is_refused(text: bytes, complaint: str) -> None:
    """In one sentence, whatever size the pieces have."""
    for size in (1, 5, 1000):
        with pytest.raises(Unreadable, match=complaint):
            read(cut(text, range(0, len(text), size)))


def test_a_row_without_end_is_not_gathered_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory stays flat, whatever is sent."""
    monkeypatch.setattr(report_file, "MOST_ROW_BYTES", 1000)

    with pytest.raises(Unreadable, match="larger than 1000"):
        read([b'[{"term":"', *[b"x" * 100] * 30])


def test_a_long_string_takes_no_more_memory_than_a_few_copies_of_it() -> None:
    """In a row, or in a column that nobody asked for: a single row cannot use up the machine."""
    row = b'{"term":"' + b'x\\"{},' * 2**16 + b'","clicks":1}'
    tracemalloc.start()
    try:
        rows, odd = read([b"[" + row[: 2**17], row[2**17 :] + b",", row + b"]"])
        _, most_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert (len(rows), odd) == (2, [])
    assert most_bytes < 25 * len(row)


def test_blanks_before_the_beginning_are_not_gathered(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor waited for without end."""
    monkeypatch.setattr(report_file, "MOST_ROW_BYTES", 1000)

    assert read([*[b" \n" * 50] * 9, b'[{"term":"a","clicks":1}]']) == ([Row("a", 1)], [])
    with pytest.raises(Unreadable, match="no array"):
        read(itertools.repeat(b" " * 100))


def test_a_gzip_that_never_ends_is_not_read_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    """A small file can be packed so that it fills any disk."""
    monkeypatch.setattr(report_file, "MOST_PLAIN_BYTES", 2**20)

    with pytest.raises(Unreadable, match="unpacks to more than 1048576 bytes"):
        unzipped(gzip.compress(b"[" + b" " * 2**21))
    assert len(unzipped(gzip.compress(b"1" * 2**20))) == 2**20


def unzipped(body: bytes) -> bytes:
    return b"".join(plain(io.BytesIO(body)))


@given(st.lists(st.binary(max_size=400), max_size=3), st.integers(0, 20))
def test_a_file_is_unzipped_whatever_it_is_made_of(members: list[bytes], zeros: int) -> None:
    """Of several members, and with the zeros that some put behind them."""
    whole = b"".join(gzip.compress(member) for member in members)

    assert unzipped(whole + (b"\0" * zeros if members else b"")) == b"".join(members)


def test_a_large_file_comes_in_small_pieces() -> None:
    """However well it was packed."""
    body = gzip.compress(b"[" + b" " * (2**24) + b"]")

    sizes = [len(piece) for piece in plain(io.BytesIO(body))]

    assert sum(sizes) == 2**24 + 2
    assert max(sizes) <= report_file.BATCH_BYTES


def test_a_file_that_was_unpacked_on_the_way_is_read_as_it_is() -> None:
    """Some proxies do that."""
    assert unzipped(b"[]") == b"[]"
    assert unzipped(b"") == b""


@given(st.data())
def test_a_cut_gzip_is_told_from_a_whole_one(data: st.DataObject) -> None:
    """Wherever it was cut."""
    body = gzip.compress(json.dumps([{"term": f"t{number}", "clicks": number} for number in range(50)]).encode())
    end = data.draw(st.integers(2, len(body) - 1))

    with pytest.raises(Unreadable, match="in the middle"):
        unzipped(body[:end])


@pytest.mark.parametrize(
    "spoil", [lambda body: body[:-6] + b"xxxxxx", lambda body: body[:20] + b"\xff" * 20 + body[40:]]
)
def test_a_broken_gzip_is_refused(spoil: Any) -> None:
    """Its checksum is looked at."""
    with pytest.raises(Unreadable, match="gzip is broken"):
        unzipped(spoil(gzip.compress(bytes(range(256)) * 40)))
