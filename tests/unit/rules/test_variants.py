"""Which searches are close variants of one another."""

import itertools
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as some

from harvester.domain.target import fold
from harvester.rules.variants import (
    plain_singulars,
    singular,
    spellings,
    variant_keys,
    variant_words,
    variants_within,
)

WORDS = some.sampled_from(
    [
        "shoe",
        "running",
        "garden",
        "gnome",
        "hat",
        "berry",
        "box",
        "dress",
        "cookie",
        "watch",
        "tomato",
        "knife",
        "12v",
        "usb-c",
    ]
)
TEXTS = some.lists(WORDS, min_size=1, max_size=6).map(" ".join)


def are_variants(one: str, other: str, country: str = "US") -> bool:
    keys = [set(variant_keys(variant_words(fold(text), country), country)) for text in (one, other)]
    return bool(keys[0] & keys[1])


@pytest.mark.parametrize(
    "pair",
    [
        "shoe shoes",
        "berry berries",
        "box boxes",
        "dress dresses",
        "cookie cookies",
        "size sizes",
        "watch watches",
        "tomato tomatoes",
        "case cases",
        "toy toys",
        "hoodie hoodies",
        "man men",
        "knife knives",
        "child children",
        "hat hats",
        "tie ties",
        "lens lenses",
        "canvas canvases",
        "bus buses",
        "axe axes",
        "toe toes",
        "tv tvs",
        "blue blues",
        "snowman snowmen",
        "men mens",
        "children childrens",
        "dice die",
    ],
)
def test_a_word_and_its_plural_share_a_form(pair: str):
    """Whatever that form is."""
    one, many = pair.split()

    assert singular(one) == singular(many)


@pytest.mark.parametrize("pair", ["car care", "cap cape", "glass glue", "bus but", "tie tier", "tennis tent"])
def test_other_words_do_not(pair: str):
    """Short words are left as they are, and an e at the end is one."""
    one, other = pair.split()

    assert singular(one) != singular(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Running Shoes", "shoe running"),
        ("shoes for running", "running shoes"),
        ("rain coats", "raincoat"),
        ("usb-c cable", "USB C cables"),
        ("women's hats", "womens hat"),
        ("café table", "cafe tables"),
        ("Schuhe für Damen", "damen schuhe"),
        ("the", "The"),
        ("men's shoes", "shoes men"),
        ("ヨガマット", "ﾖｶﾞ ﾏｯﾄ"),
        ("よが まっと", "ヨガ マット"),
        ("コンピューター", "コンピュータ"),
        ("2 pack", "2pack"),
        ("socks & shoes", "shoe and sock"),
    ],
)
def test_close_variants_are_known(one: str, other: str):
    """Plural, order, stop words, blanks, signs, accents, case."""
    assert are_variants(one, other)


@pytest.mark.parametrize(
    ("country", "pairs"),
    [
        ("AT", "matte matten, schuh schuhe, buch bücher, handtuch handtücher, glas gläser, uhr uhren, auto autos"),
        ("DE", "küche kueche, straße strassen, lehrerin lehrerinnen, schwester schwestern, yogamatte yogamatten"),
        ("BE", "schoen schoenen, tas tassen, cadeau cadeaux"),
        ("BR", "cordão cordões, papel papéis, animal animais, jardim jardins, colher colheres, sapato sapatos"),
        ("ES", "collar collares, coche coches, luz luces, lápiz lapices, zapato zapatos"),
        ("FR", "cadeau cadeaux, cheval chevaux, journal journaux, bijou bijoux, chaussure chaussures"),
        ("IT", "scarpa scarpe, tappetino tappetini, luce luci, tasca tasche, arancia arance, orologio orologi"),
        ("MX", "botón botones, mesa mesas"),
        ("NL", "schoen schoenen, tas tassen, boek boeken, boom bomen, auto auto's"),
        ("PL", "but buty, but butów, mata maty, łopata łopaty"),
        ("SE", "matta mattor, sko skor, hund hundar, lampa lampor"),
        ("TR", "kitap kitaplar, ayakkabı ayakkabilar"),
    ],
)
def test_plurals_of_the_marketplaces_languages_are_known(country: str, pairs: str):
    """Beside the English ones, which are searched for everywhere."""
    for pair in ["shoe shoes", *pairs.split(", ")]:
        one, many = pair.split()
        assert are_variants(one, many, country), pair


@pytest.mark.parametrize(
    ("country", "one", "other"),
    [
        ("DE", "Matten aus Kork", "kork matte"),
        ("FR", "coussin d'allaitement", "Coussins d’allaitement"),
        ("FR", "coussin d'allaitement", "coussin allaitement"),
        ("FR", "tapis de yoga", "tapis yoga"),
        ("IT", "borse da donna", "borsa donna"),
        ("NL", "matten voor de auto", "auto mat"),
    ],
)
def test_stop_words_of_the_marketplaces_languages_are_known(country: str, one: str, other: str):
    """Those before an apostrophe too."""
    assert are_variants(one, other, country)
    assert not are_variants(one, f"{other} ohne", country)


def test_other_languages_plurals_are_not_looked_for():
    """In an English marketplace `poster` is no plural of `post`."""
    assert not are_variants("poster", "post", "US")
    assert are_variants("poster", "post", "DE")


def test_patterns_are_asked_about_words_that_can_be_read():
    """As they are, and without what makes a plural of them."""
    assert set(plain_singulars(["acme", "shoes", "boxes", "cherries", "men"])) == {
        "acme shoes boxes cherries men",
        "acme shoe boxe cherrie man",
        "acme sho box cherri man",
        "acme shoes boxes cherry man",
    }


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("running shoes", "running socks"),
        ("shoes with laces", "shoes without laces"),
        ("size 10", "size 11"),
        ("कि", "का"),
    ],
)
def test_what_means_something_else_is_no_variant(one: str, other: str):
    """One word that counts is enough; vowel signs of other alphabets are letters."""
    assert not are_variants(one, other)


@given(words=some.lists(WORDS, min_size=1, max_size=6), seed=some.randoms())
def test_order_case_and_stop_words_never_matter(words: list[str], seed: Random):
    """Any of them, together."""
    mixed = [*words]
    seed.shuffle(mixed)
    mixed.insert(seed.randint(0, len(mixed)), "for")

    assert are_variants(" ".join(words), " ".join(mixed).upper())


@given(words=some.lists(WORDS, min_size=1, max_size=6))
def test_blanks_and_signs_never_matter(words: list[str]):
    """Written as one word, or with signs between them."""
    assert are_variants(" ".join(words), "".join(words))
    assert are_variants(" ".join(words), " - ".join(words))


@given(text=TEXTS, other=TEXTS)
def test_being_a_variant_goes_both_ways(text: str, other: str):
    """And every text is one of itself."""
    assert are_variants(text, text)
    assert are_variants(text, other) is are_variants(other, text)


@given(words=some.lists(WORDS, min_size=1, max_size=6))
def test_every_run_of_words_is_looked_at_the_whole_first(words: list[str]):
    """As naively cut out."""
    runs = [words[start:end] for start, end in itertools.combinations(range(len(words) + 1), 2)]
    found = list(variants_within(words))

    assert found[:2] == list(variant_keys(words))
    assert set(found) == {key for run in runs for key in variant_keys(run)}


@pytest.mark.parametrize(
    ("one", "many"),
    [
        ("running shoe", "running shoes"),
        ("berry box", "berries boxes"),
        ("kid bath towel", "kids bath towels"),
        ("knife", "knives"),
        ("women", "woman"),
        ("for the one man who has a dog and a car too", "for the one man who has a dog and a cars too"),
    ],
)
def test_one_and_many_are_looked_up_alike(one: str, many: str):
    """Each is among the spellings of the other; of a long text one word changes at a time."""
    assert many in spellings(one)
    assert one in spellings(many)


@given(TEXTS)
def test_spellings_are_variants(text: str):
    """The text itself first, each once, and never so many that looking them up would be dear."""
    found = spellings(text)

    assert found[0] == text
    assert len(found) == len(set(found)) <= 64
    assert all(are_variants(text, each) for each in found)
