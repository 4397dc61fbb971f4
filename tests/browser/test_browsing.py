"""Finding one's way: suggestions by keyboard, filters and variants that keep their place, and a back button that works."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import NewContext


@pytest.fixture
def page(new_context: NewContext) -> Page:
    """The page of a guest who does not mind that pages fade into each other."""
    return new_context(reduced_motion="no-preference").new_page()


def test_suggestions_are_chosen_with_the_keyboard(page: Page) -> None:
    page.goto("/")
    box = page.get_by_role("combobox", name="Search the shop")
    expect(box).to_have_attribute("aria-expanded", "false")
    box.press_sequentially("lamp")
    options = page.get_by_role("listbox", name="Suggestions").get_by_role("option")
    expect(options.nth(1)).to_be_visible()
    expect(box).to_have_attribute("aria-expanded", "true")
    box.press("ArrowDown")
    expect(options.nth(0)).to_have_attribute("aria-selected", "true")
    assert box.get_attribute("aria-activedescendant") == options.nth(0).get_attribute("id")
    box.press("ArrowUp")
    expect(options.last).to_have_attribute("aria-selected", "true")
    box.press("Escape")
    expect(box).to_have_attribute("aria-expanded", "false")
    expect(box).to_have_value("lamp")
    expect(box).to_be_focused()
    box.press_sequentially("s")
    expect(options.nth(0)).to_be_visible()
    box.press("ArrowDown")
    chosen = options.nth(0).get_attribute("data-url")
    box.press("Enter")
    expect(page).to_have_url(re.compile(f"{re.escape(str(chosen))}$"))


def test_enter_without_a_choice_searches_for_the_words(page: Page) -> None:
    page.goto("/")
    box = page.get_by_role("combobox", name="Search the shop")
    box.press_sequentially("wool")
    expect(page.get_by_role("option").first).to_be_visible()
    box.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Results for “wool”")


def test_suggestions_go_away_with_the_focus_and_can_be_clicked(page: Page) -> None:
    page.goto("/")
    box = page.get_by_role("combobox", name="Search the shop")
    box.press_sequentially("kettle")
    option = page.get_by_role("option", name=re.compile("Kettle")).first
    expect(option).to_be_visible()
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    expect(option).to_be_hidden()
    box.press_sequentially("s")
    option.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Kettle")


def test_a_filter_keeps_the_keyboard_where_it_is_and_says_how_many_are_left(page: Page) -> None:
    page.goto("/c/clothing/knitwear")
    before = page.locator(".card").count()
    choice = page.get_by_role("link", name=re.compile(r"^Navy \d+ products"))
    choice.focus()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"\?opt\.Colour=Navy$"))
    expect(page.get_by_role("link", name=re.compile("^Navy .*chosen; remove"))).to_be_focused()
    assert 0 < page.locator(".card").count() < before
    expect(page.locator("[data-status]")).to_have_text(re.compile(r"^\d+ products$"))
    page.go_back()
    expect(page.locator(".card")).to_have_count(before)
    page.go_forward()
    expect(page.get_by_role("link", name="Remove the filter Colour: Navy")).to_be_visible()


def test_a_price_range_is_typed_and_kept(page: Page) -> None:
    page.goto("/c/clothing")
    page.get_by_label("From").fill("50")
    page.get_by_label("To (EUR)").fill("100")
    page.get_by_role("button", name="Filter by this price").click()
    expect(page).to_have_url(re.compile(r"price_min=50&price_max=100"))
    expect(page.get_by_label("From")).to_have_value("50")
    for price in page.locator(".card .price").all_inner_texts():
        assert 5000 <= int(re.sub(r"\D", "", price.split("€")[1])) <= 10000


def test_sorting_and_pages(page: Page) -> None:
    page.goto("/c/home")
    page.get_by_text("Sort:").click()
    page.get_by_role("link", name="Price: low to high").click()
    expect(page).to_have_url(re.compile("sort=price$"))
    expect(page.get_by_role("link", name="Price: low to high")).to_be_hidden()
    first = page.locator(".card__title").first.inner_text()
    page.get_by_role("link", name="Next page").click()
    expect(page).to_have_url(re.compile("sort=price&page=2$"))
    expect(page.locator(".card__title").first).not_to_have_text(first)
    page.go_back()
    expect(page.locator(".card__title").first).to_have_text(first)


def test_filters_and_pages_work_without_javascript(new_context: NewContext) -> None:
    page = new_context(java_script_enabled=False).new_page()
    page.goto("/c/home")
    page.get_by_role("link", name="Next page").click()
    expect(page.get_by_role("link", name="Previous page")).to_be_visible()
    page.get_by_role("link", name=re.compile(r"^In stock \d+")).click()
    expect(page.get_by_role("link", name=re.compile("^In stock .*chosen; remove"))).to_be_visible()
    expect(page.get_by_role("link", name="Previous page")).to_be_hidden()


def test_filters_on_a_phone_stay_open_while_they_are_chosen(new_context: NewContext) -> None:
    page = new_context(viewport={"width": 390, "height": 844}).new_page()
    page.goto("/c/clothing")
    page.get_by_role("button", name="Filters", exact=True).click()
    panel = page.get_by_role("complementary", name="Filters")
    panel.get_by_role("link", name=re.compile(r"^Havnstrand \d+")).click()
    expect(panel.get_by_role("link", name=re.compile("^Havnstrand .*chosen; remove"))).to_be_visible()
    panel.get_by_role("link", name=re.compile(r"^Navy \d+")).click()
    expect(page).to_have_url(re.compile("brand=Havnstrand&opt.Colour=Navy"))
    page.get_by_role("button", name="Close the filters").click()
    expect(panel).to_be_hidden()
    expect(page.get_by_role("link", name="Remove the filter Brand: Havnstrand")).to_be_visible()


def test_a_variant_is_chosen_in_place(page: Page) -> None:
    """Its price, picture and stock follow; the address names it, and going back leaves the product."""
    page.goto("/c/clothing/knitwear")
    page.get_by_role("link", name="Harbour Crew Sweater").click()
    oat = page.get_by_role("link", name="Oat", exact=True)
    oat.focus()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/p/harbour-crew-sweater\?variant=\d+$"))
    expect(page.get_by_role("link", name="Oat", exact=True)).to_be_focused()
    expect(page.get_by_role("link", name="Oat", exact=True)).to_have_attribute("aria-current", "true")
    expect(page.locator("[data-status]")).to_have_text(re.compile("^Oat, S: €119.00, in stock$"))
    expect(page.get_by_role("img", name=re.compile("laid flat, Oat$")).first).to_be_in_viewport()
    page.get_by_role("link", name=re.compile(r"^M \(sold out\)")).click()
    expect(page.get_by_text("Sold out", exact=True).last).to_be_visible()
    expect(page.get_by_role("button", name="Add to cart")).to_be_hidden()
    page.go_back()
    expect(page.get_by_role("heading", level=1)).to_have_text("Knitwear")


def test_a_link_to_a_variant_opens_on_it(page: Page) -> None:
    page.goto("/p/harbour-crew-sweater")
    page.get_by_role("link", name="Rust", exact=True).click()
    expect(page.locator("#option-0")).to_contain_text("Rust")
    page.reload()
    expect(page.locator("#option-0")).to_contain_text("Rust")


@pytest.mark.parametrize("name", ["Skip to the content", "All categories"])
def test_the_first_keys_lead_past_the_header(page: Page, name: str) -> None:
    page.goto("/c/kitchen")
    page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="Skip to the content")
    expect(skip).to_be_focused()
    if name == "All categories":
        page.keyboard.press("Tab")
        expect(page.get_by_role("button", name=name)).to_be_focused()
        page.keyboard.press("Enter")
        menu = page.get_by_role("navigation", name=name)
        expect(menu).to_be_visible()
        page.keyboard.press("Escape")
        expect(menu).to_be_hidden()
        expect(page.get_by_role("button", name=name)).to_be_focused()
    else:
        page.keyboard.press("Enter")
        expect(page.locator("main")).to_be_focused()


def test_a_product_is_put_into_the_cart_from_its_card(page: Page) -> None:
    page.goto("/c/kitchen/cookware?sort=title")
    page.get_by_role("button", name=re.compile("^Add .* to the cart$")).first.click()
    expect(page.locator("[data-cart-count]")).to_have_text("1")
    expect(page.locator("[data-status]")).to_have_text(re.compile("is in your cart"))
    expect(page).to_have_url(re.compile("/c/kitchen/cookware"))
