"""The API's document: valid, whole, true to what the shop answers, and readable as a page."""

import asyncio
import json
import re
from html import unescape
from typing import Any
from urllib.parse import urlencode

import jsonschema_rs
import msgspec
import pytest
import schemathesis
from aiohttp import web
from aiohttp.test_utils import TestClient
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import from_schema
from schemathesis.engine.events import EngineFinished, FatalError, NonFatalError, ScenarioFinished

from storefront.app import create_app
from storefront.platform.api_docs import DOCUMENT
from storefront.platform.openapi_document import api_routes
from storefront.settings import Settings
from tests.shopper import Shopper

Client = TestClient[web.Request, web.Application]
PASSWORD = "correct horse battery"


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """A shop that does not mind being asked often."""
    often = dict.fromkeys(("sign_in", "register", "order_lookup", "checkout", "carts"), "1000000/minute")
    return msgspec.structs.replace(settings, limits=msgspec.structs.replace(settings.limits, **often))


@pytest.fixture
def document(app: web.Application) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(app[DOCUMENT]())
    return found


def operations(document: dict[str, Any]) -> list[dict[str, Any]]:
    return [operation for methods in document["paths"].values() for operation in methods.values()]


# --- the document ----------------------------------------------------------------------------------------------------------------


async def test_the_document_is_valid_openapi_3_1(document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1.")
    schemathesis.openapi.from_dict(document).validate()
    for schema in document["components"]["schemas"].values():
        jsonschema_rs.meta.validate(schema | {"$schema": "https://json-schema.org/draft/2020-12/schema"})


@pytest.mark.parametrize("rooms", [(), ("catalog", "search"), ("cart",), ("orders", "accounts")])
async def test_every_reference_leads_somewhere(settings: Settings, rooms: tuple[str, ...]) -> None:
    """Also where only some of the doors are open."""
    document: dict[str, Any] = json.loads((await create_app(settings, only=rooms))[DOCUMENT]())
    assert document["paths"]
    for reference in set(re.findall(r'"\$ref":\s*"#([^"]*)"', json.dumps(document))):
        found: Any = document
        for name in reference.strip("/").split("/"):
            assert name in found, reference
            found = found[name]
    ids = {operation["operationId"] for operation in operations(document)}
    assert {link["operationId"] for link in document["components"]["links"].values()} <= ids


async def test_every_operation_is_described(app: web.Application, document: dict[str, Any]) -> None:
    found = operations(document)
    assert len({operation["operationId"] for operation in found}) == len(found) == len(api_routes(app))
    tags = {tag["name"] for tag in document["tags"]}
    for operation in found:
        name = operation["operationId"]
        assert operation["summary"], name
        assert operation["description"], name
        assert set(operation["tags"]) <= tags, name
        successful = [status for status in operation["responses"] if status[0] == "2"]
        assert successful, name
        for status, answer in operation["responses"].items():
            kinds = set(answer.get("content", {}))
            paper = name in ("read_invoice", "read_credit_note")
            expected = {"application/pdf" if paper else "application/json"} if status in successful else {"application/problem+json"}
            assert kinds == (set() if status in ("204", "301", "304") else expected), (name, status)
        if "requestBody" in operation:
            assert {"400", "413", "415", "422"} <= set(operation["responses"]), name


async def test_every_example_is_one(document: dict[str, Any]) -> None:
    with_body = [operation for operation in operations(document) if "requestBody" in operation]
    assert with_body
    for operation in with_body:
        media = operation["requestBody"]["content"]["application/json"]
        schema = {"$defs": document["components"]["schemas"]} | media["schema"]
        text = json.dumps(schema).replace("#/components/schemas/", "#/$defs/")
        jsonschema_rs.validate(json.loads(text), media["example"])
    problem = json.loads(json.dumps(document["components"]["schemas"]).replace("#/components/schemas/", "#/$defs/"))
    for name, example in document["components"]["examples"].items():
        jsonschema_rs.validate({"$ref": "#/$defs/Problem", "$defs": problem}, example["value"])
        assert example["value"]["type"].endswith(f"/problems/{name}")


async def test_the_document_names_the_currencies_of_this_shop(document: dict[str, Any], settings: Settings) -> None:
    by_name = {parameter["name"]: parameter for parameter in document["paths"]["/api/v1/products"]["get"]["parameters"]}
    assert by_name["currency"]["schema"]["enum"] == settings.shop.currencies


async def test_the_page_shows_every_operation_problem_and_type(client: Client, document: dict[str, Any]) -> None:
    async with client.get("/api/v1/docs") as answer:
        assert (answer.status, answer.content_type) == (200, "text/html")
        assert "Set-Cookie" not in answer.headers
        page = await answer.text()
    ids = set(re.findall(r'id="([^"]+)"', page))
    assert {operation["operationId"] for operation in operations(document)} <= ids
    assert {f"schema-{name}" for name in document["components"]["schemas"]} <= ids
    assert {f"problem-{name}" for name in document["components"]["examples"]} <= ids
    assert set(re.findall(r'href="#([^"]+)"', page)) <= ids, "a link into the page leads nowhere"
    text = unescape(re.sub(r"<[^>]+>", "", page))
    for path, methods in document["paths"].items():
        for method in methods:
            assert f"{method.upper()} {path}" in text


async def test_the_type_of_a_problem_leads_to_what_it_means(client: Client, settings: Settings) -> None:
    async with client.get("/api/v1/products/there-is-none") as answer:
        problem = await answer.json()
    base, path = problem["type"][: len(settings.server.public_url)], problem["type"][len(settings.server.public_url) :]
    assert (base, path) == (settings.server.public_url, "/problems/not_found")
    async with client.get(path, allow_redirects=False) as answer:
        assert (answer.status, answer.headers["Location"]) == (302, "/api/v1/docs#problem-not_found")
    async with client.get("/problems/there-is-none") as answer:
        assert answer.status == 404


# --- what the shop does, against what the document says -------------------------------------------------------------------------

# 412 is how RFC 9110 refuses an If-Match that names no current version, which no generator can know, nor spell wrongly in vain.
REFUSED = [400, 401, 403, 404, 405, 406, 409, 412, 413, 415, 422]
ACCEPTED = ["2xx", "3xx", 401, 402, 403, 404, 409, 412]
# What no schema can say may be refused as invalid (422): these operations ask whether a variant is for sale, whether an option is
# offered, whether a country has such a region, whether a code is known, whether an e-mail address has such a domain, whether the cart
# has all that an order needs, whether a line has so much to return, whether a cursor was given out by the shop, that not both a category
# and a collection are given, and that a whole number is written as one (2.0 is an integer to JSON Schema, and none here).
JUDGES = (
    "list_products",
    "list_orders",
    "update_cart_line",
    "create_cart",
    "update_cart",
    "add_cart_line",
    "add_cart_code",
    "start_checkout",
    "buy_now",
    "create_order",
    "create_return",
    "register_customer",
    "add_address",
)


async def known_things(token: str, url: str) -> dict[str, list[Any]]:
    """Ids of real things, so that machine-made requests get past "there is no such". The carts and orders are the customer's own."""
    async with Shopper(url, token) as customer:
        variant = await customer.something_in_stock()
        carts = [await customer.filled_cart(variant["id"]) for _ in range(3)]
        ordered = [await customer.filled_cart(variant["id"]) for _ in range(2)]
        orders = [(await customer.place(cart))[1] for cart in ordered]
        address = {"name": "Ada Byron", "line1": "1 Ridge Way", "city": "Berlin", "postal_code": "10115", "country": "DE"}
        saved = [await customer.expect(201, "POST", "/customers/me/addresses", json={"address": address}) for _ in range(3)]
        products = (await customer.expect(200, "GET", "/products"))["items"]
        detail = [await customer.expect(200, "GET", f"/products/{product['slug']}") for product in products[:3]]
    return {
        "carts": [cart["id"] for cart in carts],
        "orders": [order["id"] for order in orders],
        "addresses": [address["id"] for address in saved],
        "products": [product["slug"] for product in products],
        "variants": [variant["id"] for product in detail for variant in product["variants"]],
        "options": [carts[0]["fulfillment_options"][0]["id"]],
        "categories": ["kitchen", "kitchen/mugs", "lighting"],
        "collections": ["gifts", "picked"],
        "words": ["mug", "harbour lamp", "stonewear"],
    }


PHASES = ("examples", "coverage", "fuzzing", "stateful")
LONGEST_TARGET = 8000  # bytes of an address that HTTP servers surely read; what is longer is refused before it is anybody's request


@schemathesis.hook
def filter_case(context: schemathesis.HookContext, case: schemathesis.Case) -> bool:
    return len(case.as_transport_kwargs()["url"]) + len(urlencode(case.query or {}, doseq=True)) < LONGEST_TARGET


def configuration(things: dict[str, list[Any]], email: str, phases: set[str], seconds: int) -> SchemathesisConfig:
    def often(name: str) -> dict[str, Any]:
        return {"dictionary": name, "probability": 0.7}

    return SchemathesisConfig.from_dict(
        {
            "seed": 20_240_229,  # the same requests in each run: a failure is one of the change that it came with
            "max-time": seconds,
            "continue-on-failure": True,
            # The customer's token is fetched, and fetched again when a request has signed it out.
            "auth": {
                "dynamic": {
                    "openapi": {
                        "bearer": {
                            "path": "/api/v1/sessions",
                            "payload": {"email": email, "password": PASSWORD},
                            "extract_selector": "/token",
                        }
                    }
                }
            },
            "dictionaries": {name: {"values": values} for name, values in things.items()},
            "parameters": {
                "path.cart_id": often("carts"),
                "path.order_id": often("orders"),
                "path.address_id": often("addresses"),
                "path.variant_id": often("variants"),
                "path.slug_or_id": often("products"),
                "path.slug": often("collections"),
                "path.path": often("categories"),
                "query.category": often("categories"),
                "query.collection": often("collections"),
                "query.q": often("words"),
                "body.cart_id": often("carts"),
                "body.variant_id": often("variants"),
                "body.lines[*].variant_id": often("variants"),
                "body.fulfillment_option_id": often("options"),
            },
            "checks": {
                "negative_data_rejection": {"expected-statuses": REFUSED},
                "positive_data_acceptance": {"expected-statuses": ACCEPTED},
            },
            "operations": [
                {
                    "include-operation-id": list(JUDGES),
                    "checks": {"positive_data_acceptance": {"expected-statuses": [*ACCEPTED, 422]}},
                },
                {
                    # Several wrong parameters at once, of which those that are left once they are written into the address are right:
                    # the generator takes that for wrong. Each of them alone is tried among the bounds.
                    "include-operation-id": ["search_products", "list_category_products", "list_collection_products"],
                    "phases": {name: {"checks": {"negative_data_rejection": {"enabled": False}}} for name in ("fuzzing", "stateful")},
                },
            ],
            "generation": {"max-examples": 10, "no-shrink": True, "database": "none"},
            "phases": {name: {"enabled": name in phases} for name in PHASES},
        }
    )


def ask(url: str, config: SchemathesisConfig) -> tuple[list[str], dict[str, int], str]:
    """Runs every phase: what failed, how many answers each operation gave, and why it stopped."""
    schema = schemathesis.openapi.from_url(f"{url}/api/v1/openapi.json", config=config)
    failures: list[str] = []
    answers: dict[str, int] = {}
    stopped = ""
    for event in from_schema(schema).execute():
        if isinstance(event, ScenarioFinished):
            for id_, interaction in event.recorder.interactions.items():
                if interaction.response is not None:
                    name = event.recorder.cases[id_].value.operation.label
                    answers[name] = answers.get(name, 0) + 1
            for id_, checks in event.recorder.checks.items():
                failures += [_told(event, id_, check) for check in checks if check.failure_info is not None]
        elif isinstance(event, NonFatalError):
            failures.append(f"{event.label}: {event.info.title}: {event.info.message}")
        elif isinstance(event, FatalError):
            raise event.exception
        elif isinstance(event, EngineFinished):
            stopped = event.stop_reason.value
    return failures, answers, stopped


def _told(event: ScenarioFinished, case: str, check: Any) -> str:
    failure, interaction = check.failure_info.failure, event.recorder.interactions[case]
    sent, got = interaction.request, interaction.response
    answer = f"{got.status_code} {got.text[:500]}" if got is not None else "no answer"
    return f"{check.name}: {failure.title}: {failure.message}\n  {sent.method} {sent.uri} {sent.headers} {sent.body}\n  → {answer}"


@pytest.mark.timeout(120)
@pytest.mark.parametrize(
    ("phases", "seconds"),
    [
        pytest.param({"examples", "coverage"}, 30, id="every bound of every parameter"),
        pytest.param({"fuzzing"}, 10, id="whatever fits the types, or does not"),
        pytest.param({"stateful"}, 10, id="one answer leading to the next request"),
    ],
)
async def test_what_machines_ask_is_answered_as_the_document_says(
    stocked: Client, settings: Settings, document: dict[str, Any], phases: set[str], seconds: int
) -> None:
    email, url = f"{'-'.join(phases)}@machine.example", settings.server.public_url
    account = {"email": email, "name": "Ada Byron", "password": PASSWORD}
    async with stocked.post("/api/v1/customers", json=account) as answer:
        token = (await answer.json())["token"]
    things = await known_things(token, url)
    failures, answers, stopped = await asyncio.to_thread(ask, url, configuration(things, email, phases, seconds))
    assert not failures, f"{len(failures)} failures\n\n" + "\n\n".join(sorted(set(failures))[:20])
    if "coverage" in phases and stopped == "completed":  # and not out of time
        assert set(answers) == {f"{method.upper()} {path}" for path, methods in document["paths"].items() for method in methods}
