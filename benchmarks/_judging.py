"""Queries with judgements, and how good a ranking is by them.

Sources: nDCG with the gain 2^grade - 1 as in Burges et al., "Learning to Rank using Gradient Descent" (2005); recall as in Manning,
Raghavan and Schütze, "Introduction to Information Retrieval", chapter 8.
"""

import csv
import functools
import math
import re
import tomllib
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

GRADES = {"best": 3, "good": 2, "fair": 1}
ANSWER = 2  # the grade from which on a product answers the query, for recall
CLASSES = ("exact", "category", "attribute", "typo", "plural", "synonym", "multi-word")

Fields = Mapping[str, str]


class Judged(msgspec.Struct, frozen=True):
    """A query with the conditions of each grade; see judged/queries.toml for how they are written."""

    text: str
    kind: str  # one of CLASSES
    meant: str  # the query whose conditions these are
    conditions: Mapping[str, str]

    @property
    def held_out(self) -> bool:
        """Queries that mean the same belong to one half, so that nothing is learnt of the other."""
        return zlib.crc32(self.meant.encode()) % 2 == 1

    def grade(self, fields: Fields) -> int:
        """From 0 to 3."""
        thing = self.conditions.get("thing", "")
        for name, grade in GRADES.items():
            if name in self.conditions and _holds(self.conditions[name], fields, thing):
                return grade
        return 0


def load_queries(path: Path) -> list[Judged]:
    """The queries of a file. Raises KeyError for a `like` that nobody is."""
    tables: dict[str, list[dict[str, str]]] = tomllib.loads(path.read_text(encoding="utf-8"))
    own = {table["text"]: table for tables_of_class in tables.values() for table in tables_of_class if "like" not in table}
    return [
        Judged(table["text"], kind, table.get("like", table["text"]), own[table.get("like", table["text"])])
        for kind in CLASSES
        for table in tables[kind]
    ]


def load_products(path: Path) -> dict[str, Fields]:
    """The fields that conditions look at, by slug: those of the product's first row."""
    found: dict[str, Fields] = {}
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if row["Title"] and row["Handle"] not in found:
                found[row["Handle"]] = _fields(row)
    return found


def _fields(row: Mapping[str, Any]) -> Fields:
    body = re.sub(r"<[^>]*>", " ", row["Body (HTML)"])
    fields = {"title": row["Title"], "type": row["Type"], "body": body, "sku": row["Variant SKU"], "named": row["Title"]}
    fields["any"] = " ; ".join((row["Title"], row["Type"], row["Tags"], body))
    return {name: text.lower() for name, text in fields.items()}


def _holds(alternatives: str, fields: Fields, thing: str) -> bool:
    return any(all(_is(condition, fields, thing) for condition in one.split()) for one in alternatives.split("|"))


def _is(condition: str, fields: Fields, thing: str) -> bool:
    if condition == "thing":
        return _holds(thing, fields, "")
    field, _, words = condition.partition(":")
    if field in ("sku", "named"):
        return fields[field] == words.replace("_", " ")
    return _pattern(words).search(fields[field]) is not None


@functools.cache
def _pattern(words: str) -> re.Pattern[str]:
    alternatives = "|".join(re.escape(word.replace("_", " ")) for word in words.split("/"))
    return re.compile(rf"\b(?:{alternatives})(?:s|es)?\b")


def ndcg(grades: Sequence[int], all_grades: Sequence[int], most: int) -> float:
    """How near the order of the first `most` is to the best that could be, from 0 to 1. `all_grades` are those of every product."""
    best = _gain(sorted(all_grades, reverse=True)[:most])
    return _gain(grades[:most]) / best if best else 0.0


def _gain(grades: Sequence[int]) -> float:
    return sum((2**grade - 1) / math.log2(place + 2) for place, grade in enumerate(grades))


def recall(grades: Sequence[int], all_grades: Sequence[int], most: int) -> float:
    """The share of the answers that are among the first `most`; where there are more answers than places, of the places."""
    answers = sum(grade >= ANSWER for grade in all_grades)
    return sum(grade >= ANSWER for grade in grades[:most]) / min(answers, most) if answers else 0.0
