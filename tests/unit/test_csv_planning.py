"""Which variant of the shop a row is: by SKU, else by option values; what cannot be told apart is refused and named."""

from hypothesis import given
from hypothesis import strategies as st

from storefront.catalog.csv_format import FileProduct, FileVariant, Problem
from storefront.catalog.transfer.planning import KnownProduct, KnownVariant, Plan, made_sku, plan


def file(*variants: FileVariant, options: tuple[str, ...] | None = ("Size",)) -> FileProduct:
    return FileProduct(line=2, slug="pot", title="Pot", option_names=options, variants=list(variants))


def row(line: int, sku: str = "", *values: str) -> FileVariant:
    return FileVariant(line, sku, values or None, prices={"EUR": (999, None, False)})


def shop(*variants: tuple[int, str, str], options: tuple[str, ...] = ("Size",)) -> KnownProduct:
    """Variants as (id, SKU, size), in order."""
    return KnownProduct(options, [KnownVariant(number, sku, (size,), place) for place, (number, sku, size) in enumerate(variants, 1)])


def planned(product: FileProduct, known: KnownProduct | None, owners: dict[str, str] | None = None) -> tuple[Plan | None, list[Problem]]:
    problems: list[Problem] = []
    taken = {variant.sku: "pot" for variant in known.variants} if known else {}
    return plan(product, known, taken | (owners or {}), problems), problems


def outcome(found: Plan | None) -> list[tuple[str, tuple[str, ...] | None, int | None]]:
    """SKU, option values and the id of the shop's variant."""
    assert found is not None
    return [(variant.sku, variant.option_values, known.id if known else None) for variant, known in found.matches]


def test_a_new_product_gets_its_variants_in_order_with_skus_of_its_own() -> None:
    found, problems = planned(file(row(2, "A", "S"), row(3, "", "M"), row(4, "", "Größe 3")), None)
    assert outcome(found) == [("A", ("S",), None), ("POT-M", ("M",), None), ("POT-GROSSE-3", ("Größe 3",), None)]
    assert [variant.position for variant, _ in found.matches] == [1, 2, 3]  # type: ignore[union-attr]
    assert not problems


def test_skus_match_first_then_option_values() -> None:
    found, _ = planned(file(row(2, "A", "XS"), row(3, "", "M"), row(4, "C2", "L")), shop((1, "A", "S"), (2, "B", "M"), (3, "C", "L")))
    assert outcome(found) == [("A", ("XS",), 1), ("B", ("M",), 2), ("C2", ("L",), 3)]


def test_variants_may_swap_their_option_values() -> None:
    found, problems = planned(file(row(2, "A", "M"), row(3, "B", "S")), shop((1, "A", "S"), (2, "B", "M")))
    assert outcome(found) == [("A", ("M",), 1), ("B", ("S",), 2)]
    assert found is not None
    assert found.parked == [1, 2]
    assert not problems


def test_option_values_of_a_variant_that_stays_are_taken() -> None:
    found, problems = planned(file(row(2, "A", "M"), row(3, "NEW", "L")), shop((1, "A", "S"), (2, "B", "M")))
    assert outcome(found) == [("NEW", ("L",), None)]
    assert [(problem.line, problem.reason) for problem in problems] == [(2, "The variant B has these option values.")]


def test_a_refusal_that_makes_another_one_is_followed_to_the_end() -> None:
    # A wants M of B, B wants L of C, C is not in the file: B stays at M, so A stays too, and nothing is moved aside.
    found, problems = planned(
        file(row(2, "A", "M"), row(3, "B", "L"), row(4, "D", "XL")), shop((1, "A", "S"), (2, "B", "M"), (3, "C", "L"))
    )
    assert outcome(found) == [("D", ("XL",), None)]
    assert found is not None
    assert found.parked == []
    assert sorted((problem.line, problem.reason) for problem in problems) == [
        (2, "The variant B has these option values."),
        (3, "The variant C has these option values."),
    ]


def test_the_same_variant_or_sku_twice_is_refused_the_second_time() -> None:
    found, problems = planned(file(row(2, "A", "S"), row(3, "B", "S"), row(4, "A", "M")), None)
    assert outcome(found) == [("A", ("S",), None)]
    assert sorted((problem.line, problem.reason) for problem in problems) == [
        (3, "Line 2 is the same variant."),
        (4, "Line 2 has the same SKU."),
    ]


def test_a_sku_of_another_product_is_refused_by_its_name() -> None:
    found, problems = planned(file(row(2, "A", "S"), row(3, "B", "M")), None, {"A": "lamp"})
    assert outcome(found) == [("B", ("M",), None)]
    assert [(problem.line, problem.column, problem.reason) for problem in problems] == [(2, "Variant SKU", "The SKU A is taken by lamp.")]


def test_a_made_sku_that_is_taken_gets_a_mark_that_is_always_the_same() -> None:
    first, _ = planned(file(row(2, "", "M")), None, {"POT-M": "other"})
    again, _ = planned(file(row(2, "", "M")), None, {"POT-M": "other"})
    assert outcome(first) == outcome(again)
    assert outcome(first)[0][0].startswith("POT-M-")
    assert len(made_sku("x" * 255, ["y" * 255])) == 255


def test_a_sku_further_down_is_never_made_further_up() -> None:
    found, problems = planned(file(row(2, "", "M"), row(3, "POT-M", "L")), None)
    assert [sku for sku, _, _ in outcome(found)][1] == "POT-M"
    assert len({sku for sku, _, _ in outcome(found)}) == 2
    assert not problems


def test_a_file_without_options_finds_variants_by_sku_and_leaves_their_options() -> None:
    product = file(row(2, "B"), row(3, "A"), options=None)
    found, problems = planned(product, shop((1, "A", "S"), (2, "B", "M"), (3, "C", "L")))
    assert product.option_names == ("Size",)
    assert outcome(found) == [("B", ("M",), 2), ("A", ("S",), 1)]
    assert found is not None
    assert (found.retired, found.parked) == ([], [])
    assert not problems


def test_a_row_that_could_be_any_variant_is_refused() -> None:
    found, problems = planned(file(row(2), row(3, "NEW"), options=None), shop((1, "A", "S"), (2, "B", "M")))
    assert found is None
    assert [(problem.line, problem.reason) for problem in problems] == [
        (2, "0 option values are given, the product has 1: Size."),
        (3, "0 option values are given, the product has 1: Size."),
    ]


def test_a_file_without_variants_tells_of_the_product_alone() -> None:
    product = file(options=("Size", "Colour"))
    found, problems = planned(product, shop((1, "A", "S")))
    assert found == Plan()
    assert product.option_names == ("Size",)
    assert not problems


def test_a_new_product_without_a_variant_gets_one_and_a_note_that_it_has_no_price() -> None:
    found, problems = planned(file(options=None), None)
    assert outcome(found) == [("POT", (), None)]
    assert [(problem.line, problem.column, problem.refused) for problem in problems] == [(2, "Variant Price", False)]


def test_a_new_product_with_options_but_no_variant_is_refused() -> None:
    found, problems = planned(file(), None)
    assert found is None
    assert [problem.refused for problem in problems] == [True]


def test_variants_that_no_longer_fit_the_options_are_retired_and_named() -> None:
    known = KnownProduct((), [KnownVariant(1, "POT", ())])
    found, problems = planned(file(row(2, "POT-S", "S")), known)
    assert found is not None
    assert found.retired == [1]
    assert [(problem.column, problem.refused) for problem in problems] == [("Option1 Name", False)]


def positions(found: Plan | None) -> list[int | None]:
    assert found is not None
    return [variant.position for variant, _ in found.matches]


def test_the_order_stays_where_the_file_agrees_or_knows_only_a_part() -> None:
    three = ((1, "A", "S"), (2, "B", "M"), (3, "C", "L"))
    assert positions(planned(file(row(2, "A"), row(3, "B"), row(4, "C"), options=None), shop(*three))[0]) == [None, None, None]
    assert positions(planned(file(row(2, "C"), options=None), shop(*three))[0]) == [None]
    assert positions(planned(file(row(2, "C"), row(3, "A"), options=None), shop(*three))[0]) == [None, None]
    assert positions(planned(file(row(2, "N", "XL"), row(3, "A", "S")), shop(*three))[0]) == [4, None]


def test_the_order_follows_a_file_that_knows_all_variants() -> None:
    two = ((1, "A", "S"), (2, "B", "M"))
    assert positions(planned(file(row(2, "B"), row(3, "A"), options=None), shop(*two))[0]) == [1, 2]
    assert positions(planned(file(row(2, "A", "S"), row(3, "N", "XL"), row(4, "B", "M")), shop(*two))[0]) == [1, 2, 3]


SIZES = st.sampled_from(["S", "M", "L", "XL"])
SKUS = st.sampled_from(["A", "B", "C", "D", "E"])


@given(
    st.lists(st.tuples(SKUS, SIZES), unique_by=(lambda pair: pair[0], lambda pair: pair[1]), max_size=4),
    st.lists(st.tuples(st.one_of(SKUS, st.just("")), st.one_of(SIZES, st.none())), max_size=5),
)
def test_whatever_a_file_wants_the_shop_can_hold_it(had: list[tuple[str, str]], wanted: list[tuple[str, str | None]]) -> None:
    known = shop(*((number, sku, size) for number, (sku, size) in enumerate(had, 1)))
    product = file(*(row(line, sku, *([size] if size else [])) for line, (sku, size) in enumerate(wanted, 2)))
    found, problems = planned(product, known)
    matches = found.matches if found else []
    assert len(matches) + sum(problem.refused for problem in problems) == len(wanted)
    after = {variant.id: (variant.sku, variant.option_values) for variant in known.variants}
    after |= {match.id if match else -variant.line: (variant.sku, variant.option_values or ()) for variant, match in matches}
    assert len({sku for sku, _ in after.values()}) == len(after), "SKUs are unique"
    assert len({values for _, values in after.values()}) == len(after), "option values are unique"
    moved = {match.id for variant, match in matches if match and variant.option_values != match.option_values}
    assert set(found.parked if found else []) <= moved, "only what moves is moved aside"
