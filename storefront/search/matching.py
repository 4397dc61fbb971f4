"""From what a shopper typed to queries. The text is split by us and put together from query objects, so that no text can be wrong."""

import itertools
import math
from collections.abc import Iterable, Sequence

import msgspec
import tantivy
from tantivy import Occur, Query

from storefront.search.filters import all_of, any_of
from storefront.search.language import normal, words_of
from storefront.search.rules import Rules
from storefront.search.schema import BEGINNINGS, listed_in
from storefront.search.vocabulary import Vocabulary, tolerance

# What a thing is outweighs what it is called: a "Backpack Charm" is no backpack. Words count by how rare they are anywhere (see `_evened`).
BOOSTS = {"title": 3.0, "brand": 3.0, "category": 4.0, "details": 2.0, "description": 1.0}
NAMING = {field: BOOSTS[field] for field in ("title", "brand", "category")}
EXACT = 100.0
SYNONYM = 0.8
SYNONYM_OF_KNOWN = 0.65  # what is called as the shopper says comes before what else it may be called
JOINED = 0.9
CORRECTED = 0.6
BEGUN = 0.5
PHRASE = 1.5
PAIR = 0.5  # for each two words of more that stand together (Metzler and Croft, "A Markov random field model for term dependencies", 2005)
STRICT = 2.0

MOST_WORDS = 16
MOST_PAIRS = 4
MOST_COMPLETIONS = 8
MOST_CORRECTIONS = 3
SHORTEST_BEGINNING = 2
NEARLY_WHOLE = 3  # letters that may be missing of a word that is found as if it were typed whole
SHORTEST_SPLIT = 4
LONGEST_SPLIT = 40
MOST_WAYS = 8  # of having all words, that are looked for one by one: intersections of lists cost less than those of what is in any of many
FAR_MORE = 20  # how many times more often a word must occur to be meant instead of one that occurs


Stems = tuple[str, ...]  # all of which a product has


class Group(msgspec.Struct, frozen=True):
    """A part of the text that is found as one, by any of `words`. `needed` is False for what says nothing by itself.

    A product has it when it has one of `stems`, or, where that is told, when it is called by a word that begins with `begins`; it scores by
    what is `weighed`.
    """

    stems: tuple[Stems, ...]
    begins: str
    weighed: tuple[Query, ...]
    needed: bool
    words: tuple[str, ...]


class _Meant:
    """Words, and what else may be meant by them. A product counts by the one of them that it has best."""

    def __init__(self, words: Sequence[str], stems: Iterable[Stems], weighed: Sequence[Query]) -> None:
        self.words = list(words)
        self.stems = list(stems)
        self.begins = ""
        self._weighed = [weighed]
        self._weights = [1.0]

    def also(self, words: Sequence[str], stems: Iterable[Stems], weighed: Sequence[Query], weight: float) -> None:
        """Something else that may be meant, though less."""
        self.words += words
        self.stems += [other for other in stems if other not in self.stems]
        self._weighed.append(weighed)
        self._weights.append(weight)

    @property
    def weighed(self) -> Sequence[Query]:
        """What it is scored by."""
        each = [(queries, weight) for queries, weight in zip(self._weighed, self._weights, strict=True) if queries]
        if len(each) == 1:
            return [Query.boost_query(query, weight) for queries, weight in each for query in queries]
        return [Query.disjunction_max_query([Query.boost_query(any_of(queries), weight) for queries, weight in each])] if each else []


class Reading(msgspec.Struct, frozen=True):
    """How a text is understood. `spelled` is the words as they should be, `categories` the paths of those that it names."""

    text: str
    words: tuple[str, ...]
    spelled: tuple[str, ...]
    groups: tuple[Group, ...]
    categories: tuple[str, ...]

    @property
    def suggestion(self) -> str | None:
        """How the text would be spelled right, when that is something else."""
        return None if self.spelled == self.words else " ".join(self.spelled)


class Reader:
    """Understands texts against one state of the index. With `naming` it looks at what products are called, not at what is said of them."""

    def __init__(
        self, searcher: tantivy.Searcher, schema: tantivy.Schema, vocabulary: Vocabulary, rules: Rules, *, naming: bool = False
    ) -> None:
        self._searcher = searcher
        self._schema = schema
        self._vocabulary = vocabulary
        self._rules = rules
        self._stem = rules.language.stem
        self._stop_words = rules.language.stop_words
        self._naming = naming
        self._boosts = NAMING if naming else BOOSTS
        self._occurring_stems: dict[tuple[str, str], bool] = {}

    def read(self, text: str, *, unfinished: bool = False, apart: bool = False) -> Reading:
        """The text in groups. `unfinished` says that the last word is still being typed, `apart` that each word stands for itself."""
        words = words_of(text)[:MOST_WORDS]
        needed = [word not in self._stop_words for word in words]
        if not any(needed):
            needed = [True] * len(words)
        groups: list[Group] = []
        spelled: list[str] = []
        place = 0
        while place < len(words):
            last = place + 1 == len(words)
            taken, meant = (0, None) if apart else self._several(words, place)
            if meant is None:
                taken = 1
                meant, right = self._one(words[place], last=last, unfinished=unfinished and last)
                spelled.append(right)
            else:
                spelled += words[place : place + taken]
            groups.append(
                Group(tuple(meant.stems), meant.begins, tuple(meant.weighed), any(needed[place : place + taken]), tuple(meant.words))
            )
            place += taken
        named = tuple(category.path for category in self._rules.categories_called(words))
        return Reading(text, tuple(words), tuple(spelled), tuple(groups), named)

    def strict(self, reading: Reading) -> Query:
        """What has every word that is needed."""
        return self.scored(reading, self.having(reading))

    def having(self, reading: Reading, *, named: bool = False, sampled: int = 0) -> Query:
        """The same, and nothing is scored; with `named`, what is called by every word.

        `sampled` looks through the lists of what is left of the catalog after so many halvings (see `schema.SAMPLED`).
        """
        groups = [self._occurring(group, named=named, sampled=sampled) for group in reading.groups if group.needed]
        if not groups:
            return Query.empty_query()
        if math.prod(map(len, groups)) <= MOST_WAYS:
            found = any_of(_unscored(*itertools.chain(*way)) for way in itertools.product(*groups))
        else:
            found = all_of(*(any_of(_unscored(*terms) for terms in group) for group in groups))
        found = any_of([found, *(_unscored(self._term("category_path", path)) for path in reading.categories)])
        # While somebody types, popularity says enough: it weighs the score, of which there must be some.
        return Query.const_score_query(found, 1.0) if self._naming else found

    def named_share(self, reading: Reading) -> float:
        """About which part of what has every needed word is called by every one, as if no word said anything of another."""
        shares = (self._named_share(group) for group in reading.groups if group.needed)
        return math.prod(shares)

    def _named_share(self, group: Group) -> float:
        named, having = (
            sum(min(self._searcher.doc_freq(field, stem) for stem in stems) for stems in group.stems) for field in ("named", "all")
        )
        return min(1.0, named / having) if having else 1.0

    def having_some(self, reading: Reading, least: int) -> Query:
        """What has so many of the needed words, and nothing is scored."""
        groups = [any_of(_unscored(*lists) for lists in self._occurring(group)) for group in reading.groups if group.needed]
        return Query.boolean_query([(Occur.Should, group) for group in groups], minimum_number_should_match=least)

    def _occurring(self, group: Group, *, named: bool = False, sampled: int = 0) -> list[list[Query]]:
        """The ways to have what a group is found by: lists that a product is in all of. What no product has is no way."""
        field = "named" if named or self._naming else "all"
        if group.begins:
            return [[self._term("begins", group.begins)]]
        listed = listed_in(field, sampled)
        ways = [[self._term(listed, stem) for stem in stems] for stems in group.stems if all(self._occurs(field, stem) for stem in stems)]
        return ways or [[Query.empty_query()]]

    def _occurs(self, field: str, stem: str) -> bool:
        found = self._occurring_stems.get((field, stem))
        if found is None:
            found = self._occurring_stems[field, stem] = bool(self._searcher.doc_freq(field, stem))
        return found

    def is_code(self, text: str) -> bool:
        """Whether the text is a SKU, a barcode or an address: it means one product and none like it."""
        code = text.casefold()
        return " " not in code and any(ch.isdigit() for ch in code) and bool(self._searcher.doc_freq("exact", code))

    def second_thought(self, reading: Reading) -> str | None:
        """Another spelling, for a text that found little though its words occur: near words that occur far more often."""
        spelled = []
        for word in reading.words:
            count = max(1, self._count(word))
            better = [near for near in self._near(word, 1) if self._count(near) >= FAR_MORE * count] if tolerance(word) else []
            spelled.append(better[0] if better else word)
        return None if spelled == list(reading.words) else " ".join(spelled)

    def mixed(self, strict: Query, loose: Query) -> Query:
        """What either finds, the strict before the loose."""
        return Query.boolean_query([(Occur.Should, Query.boost_query(strict, STRICT)), (Occur.Should, loose)])

    def scored(self, reading: Reading, body: Query, near: Query | None = None) -> Query:
        """What the body finds, words that stand together before others, and first of all what is called exactly so.

        With `near`, words that stand together are looked for there, and only all of them, as each pair takes as long again.
        """
        found = weighed(body, [query for group in reading.groups for query in group.weighed])
        # While somebody types, looking for the next place where the words stand together would take longer than all the rest.
        if len(reading.spelled) > 1 and not self._naming:
            said = [word for word in reading.spelled if word not in self._stop_words]
            each = itertools.pairwise(said[: MOST_PAIRS + 1] if near is None and len(said) > 2 else ())
            near = body if near is None else near
            found = weighed(found, [self._together(near, reading.spelled, PHRASE), *(self._together(near, pair, PAIR) for pair in each)])
        exact = self.exact(reading.text)
        return found if exact is None else Query.boolean_query([(Occur.Should, found), (Occur.Should, exact)])

    def _together(self, near: Query, words: Sequence[str], weight: float) -> Query:
        """What has words together in its title. The library looks for the next one wherever that is, so it is told where."""
        phrase = Query.phrase_query(self._schema, "title", [self._stem(word) for word in words], slop=1)
        return Query.boost_query(all_of(near, phrase), weight)

    def exact(self, text: str) -> Query | None:
        """What has the text for its title, SKU, barcode or address, before everything else."""
        codes = [code for code in {text.casefold(), normal(text)} if self._searcher.doc_freq("exact", code)]
        return Query.const_score_query(any_of(self._term("exact", code) for code in codes), EXACT) if codes else None

    def _several(self, words: Sequence[str], place: int) -> tuple[int, _Meant | None]:
        """Words from `place` on that mean something together: a known synonym, or one word that was typed as two."""
        for length in range(min(self._rules.longest_synonym, len(words) - place), 0, -1):
            here = words[place : place + length]
            others = self._rules.synonyms(tuple(here))
            if others:
                weight = SYNONYM_OF_KNOWN if all(self._known(word) for word in here) else SYNONYM
                meant = _Meant(here, *self._all(here))
                for other in others:
                    meant.also(other, *self._all(other), weight)
                return length, meant
        pair = words[place : place + 2]
        joined = "".join(pair)
        if len(pair) == 2 and self._count(joined):
            meant = _Meant(pair, *self._all(pair))
            stems, weighs = self._all([joined])
            # What has the joined word may have one of the two besides: of what is "homedecor", when "home decor" is meant, the decorative.
            meant.also([joined], stems, [*weighs, *(query for word in pair for query in self._all([word])[1])], JOINED)
            return 2, meant
        return 0, None

    def _one(self, word: str, *, last: bool, unfinished: bool) -> tuple[_Meant, str]:
        """One word with what else may be meant by it, and how it is spelled right."""
        meant = _Meant([word], *self._all([word]))
        right = word
        known = self._known(word)
        completions: list[str] = []
        if last and (unfinished or not known) and len(word) >= SHORTEST_BEGINNING:
            completions = [found for found in self.completions(word, MOST_COMPLETIONS) if found != word]
        if completions:
            meant.begins = word if self._naming and len(word) in BEGINNINGS else ""
            meant.also(completions, *self._begun(completions), BEGUN)
            nearly = [found for found in completions if len(found) <= len(word) + NEARLY_WHOLE and len(word) >= NEARLY_WHOLE]
            for found in nearly[: 0 if self._naming else MOST_CORRECTIONS]:  # which by name are found anyway, and not weighed
                meant.also([found], *self._all([found]), CORRECTED)
        elif not known:
            corrections = self._corrections(word, unfinished=unfinished)
            for rank, near in enumerate(corrections, 1):
                meant.also([near], *self._all([near]), CORRECTED / rank)
            split = self._split(word)
            if split:
                meant.also(split, *self._all(split), JOINED)
            split_is_likelier = split and not (corrections and self._count(corrections[0]) > self._least(split))
            right = " ".join(split) if split_is_likelier else corrections[0] if corrections else word
        return meant, right

    def completions(self, beginning: str, most: int) -> list[str]:
        """The words of the catalog that begin so, those of most products first."""
        return [word for word, _ in self._searcher.terms_with_prefix("words", beginning, limit=most)]

    def _corrections(self, word: str, *, unfinished: bool) -> list[str]:
        """What was meant by a word that does not occur, most likely first."""
        for distance in range(1, tolerance(word) + 1):
            near = self._near(word, distance)
            if not near and unfinished and len(word) >= 5:
                near = self._near(word, distance, prefix=True)
            if near:
                return near[:MOST_CORRECTIONS]
        return []

    def _near(self, word: str, distance: int, *, prefix: bool = False) -> list[str]:
        """Words that occur and are near, most likely first. A first letter is seldom mistyped."""
        counts = {near: self._count(near) for near in self._vocabulary.near(word, distance, prefix=prefix) if near != word}
        likely = {near: count * (4 if near[0] == word[0] else 1) for near, count in counts.items() if count}
        best = max(likely.values(), default=0)
        return sorted((near for near, score in likely.items() if score * 10 >= best), key=lambda near: (-likely[near], near))

    def _split(self, word: str) -> list[str]:
        """Two words that were typed as one: both occur, the rarer of them as often as can be."""
        if not SHORTEST_SPLIT <= len(word) <= LONGEST_SPLIT:
            return []
        pairs = [[word[:place], word[place:]] for place in range(1, len(word) - 1)]
        best = max((pair for pair in pairs if len(pair[1]) > 2 or pair[1].isdigit()), key=self._least, default=[])
        return best if self._least(best) else []

    def _least(self, words: Sequence[str]) -> int:
        """In how many products the rarest of the words is."""
        return min((self._count(word) for word in words), default=0)

    def _known(self, word: str) -> bool:
        return bool(self._count(word) or self._searcher.doc_freq("all", self._stem(word)))

    def _count(self, word: str) -> int:
        return self._searcher.doc_freq("words", word)

    def _all(self, words: Sequence[str]) -> tuple[list[Stems], list[Query]]:
        """What has all of the words, and what they are weighed by."""
        stems: Stems = tuple(dict.fromkeys(map(self._stem, words)))
        weighs = [
            Query.boost_query(self._term(field, stem), boost * self._evened(field, stem))
            for stem in stems
            for field, boost in self._boosts.items()
            if self._searcher.doc_freq(field, stem)
        ]
        if len(stems) == 1:
            return [stems], weighs
        listed = "named" if self._naming else "all"
        return [stems], [weighed(_unscored(*(self._term(listed, stem) for stem in stems)), weighs)]

    def _begun(self, completions: Sequence[str]) -> tuple[list[Stems], list[Query]]:
        """What has a word that begins so."""
        stems = list(dict.fromkeys(self._stem(word) for word in completions))
        found: list[Stems] = [(stem,) for stem in stems]
        if self._naming:
            return found, []
        weighs = [self._term(field, stem) for field in NAMING for stem in stems[: MOST_COMPLETIONS // 2]]
        return found, [Query.disjunction_max_query(weighs)]

    def _evened(self, field: str, stem: str) -> float:
        """How much less the word says by how rare it is anywhere than by how rare it is in the field.

        In a tool shop with a category "Sets" few products have "set" in their category, and many in their title; a rare word it is not.
        """
        rarity = self._rarity(field, stem)
        return self._rarity("all", stem) / rarity if rarity else 1.0

    def _rarity(self, field: str, stem: str) -> float:
        """The inverse document frequency, as the library has it."""
        products = self._searcher.num_docs
        having = min(products, self._searcher.doc_freq(field, stem))
        return math.log(1 + (products - having + 0.5) / (having + 0.5))

    def _term(self, field: str, term: str) -> Query:
        return Query.term_query(self._schema, field, term, "freq" if field in BOOSTS else "basic")


def _unscored(*lists: Query) -> Query:
    """What is in all of the lists."""
    return Query.const_score_query(all_of(*lists), 0.0)


def weighed(found: Query, by: Iterable[Query]) -> Query:
    """What is found, scored by the queries too.

    One around the other: side by side the library would score all that any of them finds, and not only what is found.
    """
    for query in by:
        found = Query.boolean_query([(Occur.Must, found), (Occur.Should, query)])
    return found
