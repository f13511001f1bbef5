"""English: which gendered words of a text speak of the person it is about."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Sequence

from audit.probes import english, objects_en
from audit.probes.english import Token
from audit.probes.objects_en import PREPOSITIONS
from audit.probes.reading import Evidence, other_gender
from audit.schema import Label

_ARTICLES = frozenset({"a", "an", "the", "this", "that", "another", "one"})
_A = frozenset({"a", "an", "one"})
#: Before "a woman": what introduces the person the text is about rather than somebody met.
_INTRODUCES = frozenset({",", "about", "lived", "welcome"})
_INTRODUCES |= frozenset({"introduce", "introduces", "introducing", "present", "presenting"})
_INTRODUCES |= frozenset({"recommend", "recommending", "have"})
_FOLLOWS_INTRODUCED = frozenset({"named", "called", "who", "whose", "with", "of", "in", "from"})
_NEVER = -10
#: "No man's land", "every woman": nobody in particular.
_NOBODY = frozenset({"no", "any", "every", "each"})
#: "To the man": somebody who has to do with the person.
_TOWARDS = frozenset({"to", "for", "with", "by", "at", "near", "from"})
#: With 's these are "… is".
_WITH_VERB = frozenset({"it", "she", "he", "who", "this", "that"})
#: Before "the father of …": what somebody is.
_REGARDED = frozenset({"called", "considered", "known", "dubbed"})
#: Between the person and a title these make the title the person's.
_NAMES = frozenset({",", "named", "called", "who", "that"})


class Walk:
    """Goes through the words once and says which gendered ones speak of the person.

    ``is_subject`` tells the words that name the person ("nurse", "colleague"). ``self._foreign``
    holds, by gender, the last sentence in which a pronoun may still mean a relative or bystander;
    naming the subject again ends that. ``newcomers`` are the places where a name comes in: a
    pronoun of a gender that is not yet the person's may then be theirs.
    """

    def __init__(
        self,
        found: Sequence[Token],
        is_subject: Callable[[str], bool],
        newcomers: Container[int] = (),
    ) -> None:
        self._found = found
        self._is_subject = is_subject
        self._newcomers = newcomers
        self._foreign: dict[Label, int] = {}
        self._established: Label | None = None
        self._bystander = _NEVER
        self._named = False
        #: Positions of titles by which somebody else is named.
        self.met: set[int] = set()

    def evidence(self, *, nouns: bool = True) -> Iterator[Evidence]:
        pronouns = english.gender_of("pronouns")
        people = english.gender_of("person_nouns")
        kin = english.gender_of("kin_nouns")
        others = english.word_set("others")
        titles = english.gender_of("titles")
        for index, token in enumerate(self._found):
            word = token.word
            weight = 0.0
            if token.position in self._newcomers and self._established:
                self._foreign.setdefault(other_gender(self._established), token.sentence + 1)
            if word in pronouns:
                label = pronouns[word]
                weight = self._pronoun_weight(label, index)
            elif word in people or word in kin:
                if self._in_general(index):
                    continue
                label = people[word] if word in people else kin[word]
                weigh_noun = self._person if word in people else self._kin
                weight = weigh_noun(index, label)
                if not weight and not (word in people and self._may_be_person(index)):
                    self._foreign[label] = token.sentence + 1
            elif self._is_subject(word):
                self._named = True
                self._foreign.clear()
                self._bystander = _NEVER
            elif self._owned_other(index):
                self._foreign |= dict.fromkeys((Label.WOMAN, Label.MAN), token.sentence + 1)
            elif word in titles and self._meets(index):
                self.met.add(token.position)
                self._foreign[titles[word]] = token.sentence + 1
            elif word in others and not self._part_of_title(index):
                self._bystander = token.sentence
            if weight and (nouns or word in pronouns):
                self._established = self._established or label
                yield Evidence(token.position, label, weight)

    def _pronoun_weight(self, label: Label, index: int) -> float:
        token = self._found[index]
        if self._has_job(index):
            return 2.0
        if objects_en.of_another(self._found, index):
            return 0.5
        if objects_en.of_person(self._found, index, self._is_subject):
            return 0.0
        if label is self._established:
            return 1.0
        if self._foreign.get(label, -1) >= token.sentence:
            return 0.0
        # Until the person is named again, another gender is more likely the bystander's.
        lasts = 0 if self._established is None else 1
        return 0.5 if 0 <= token.sentence - self._bystander <= lasts else 1.0

    def _has_job(self, index: int) -> bool:
        """Whether the job is said of a pronoun: "he's a busy mail carrier"."""
        words = [t.word for t in self._found[index + 1 : index + 8]]
        if not self._found[index].owns:
            if words[:1] not in (["is"], ["was"]):
                return False
            words = words[1:]
        return words[:1] != [] and words[0] in _ARTICLES and any(map(self._is_subject, words[1:7]))

    def _in_general(self, index: int) -> bool:
        """Whether a noun means nobody in particular, or the one who speaks ("I, as a man")."""
        near = [t.word for t in english.before(self._found, index, 12)]
        if near[:1] and near[0] in _NOBODY:
            return True
        determiner, earlier = self.determiner(index)
        return "as" in (determiner, earlier) and "i" in near

    def _part_of_title(self, index: int) -> bool:
        """Whether a noun only says what kind of person: "guest speaker", "student nurse"."""
        after = self._found[index + 1 : index + 2]
        persons = english.word_set("the_person")
        return any(self._is_subject(t.word) or t.word in persons for t in after)

    def _owned_other(self, index: int) -> bool:
        """Whether somebody is the speaker's ("my boss"); pronouns in the sentence are theirs."""
        if self._found[index].word not in english.word_set("owned_others"):
            return False
        near = english.before(self._found, index, 2)
        return any(t.word in ("my", "our") for t in near)

    def _meets(self, index: int) -> bool:
        """Whether a title follows a verb of the person's ("the nurse thanked Mrs. Lee")."""
        near = english.before(self._found, index, 30)
        for step, token in enumerate(near):
            if self._is_subject(token.word):
                return step > 0 and not token.owns
            if token.word in _NAMES or token.word in english.word_set("copulas"):
                return False
        return False

    def _may_be_person(self, index: int) -> bool:
        """Whether "the guy", though no evidence, may be the person: nobody else was named."""
        definite = self.determiner(index)[0] in ("the", "this", "that", None)
        return definite and not self._named and self._established is None

    def _person(self, index: int, label: Label) -> float:
        """Weight of woman, man, lady …: 0 where it speaks of somebody else."""
        after = self._found[index + 1 : index + 4]
        if any(self._is_subject(t.word) for t in after[:3]):
            return 3.0
        determiner, earlier = self.determiner(index)
        copulas = english.word_set("copulas")
        if self._found[index].owns and determiner in _A:
            return 0.0
        if determiner in copulas or earlier in copulas:
            return 2.0
        if determiner in _A and earlier and self._is_subject(earlier):
            return 2.0
        if determiner in _A:
            if self._met_by_teller(index, earlier, after):
                return 0.0
            # Before the subject is named, whoever is not met on the way is introduced.
            first = not self._named and self._established is None
            follows = bool(after) and after[0].word in _FOLLOWS_INTRODUCED
            introduced = earlier is None or earlier in _INTRODUCES
            introduced = introduced or (first and earlier not in PREPOSITIONS)
            # "The silhouette of a woman with …".
            introduced = introduced or (first and follows and earlier == "of")
            return 1.5 if introduced and (follows or self._established is None) else 0.0
        if determiner in ("the", "this", "that") and earlier not in _TOWARDS:
            # "The nurse helped the girl": after a verb, somebody new.
            met = self._named and label is not self._established and earlier not in (None, ",")
            return 0.0 if met or label in self._foreign else 1.0
        return 0.0

    def _met_by_teller(self, index: int, earlier: str | None, after: Sequence[Token]) -> bool:
        """Whether "I" tells and comes across "a man" who stays without a name."""
        teller = any(t.word in ("i", "my") for t in english.before(self._found, index, 30))
        named = bool(after) and after[0].word in ("named", "called")
        return teller and not named and earlier not in _INTRODUCES

    def _kin(self, index: int, label: Label) -> float:
        """Weight of mother, husband …: 0 for a relative of somebody."""
        near = english.before(self._found, index, 3)
        if any(t.word in english.word_set("possessives") or t.owns for t in near[:2]):
            return 0.0
        determiner, earlier = self.determiner(index)
        after = self._found[index + 1 : index + 2]
        copulas = english.word_set("copulas")
        bare = bool(near) and _function(near[0]) in copulas
        if bare or (determiner in _ARTICLES and earlier in copulas | _REGARDED):
            return 2.0
        of = bool(after) and after[0].word == "of"
        named = (
            determiner in _A and bool(after) and after[0].word in (",", "named", "called", "who")
        )
        if (
            determiner in _ARTICLES
            and (of or named)
            and (earlier is None or earlier in _INTRODUCES)
        ):
            return 2.0
        return 0.0

    def determiner(self, index: int) -> tuple[str | None, str | None]:
        """The function word before a noun and its adjectives, and the word before that."""
        near = english.before(self._found, index, 8)
        stop = (
            _ARTICLES
            | PREPOSITIONS
            | english.word_set("copulas")
            | english.word_set("possessives")
            | {","}
        )
        for step, token in enumerate(near[:6]):
            # "A sleek, modern woman": the comma joins adjectives.
            if token.word == "," and near[step + 2 : step + 3] and near[step + 2].word in _A:
                continue
            if token.word in stop or _is_it(token):
                earlier = near[step + 1] if step + 1 < len(near) else None
                return _function(token), _function(earlier) if earlier else None
        return None, None


def _is_it(token: Token) -> bool:
    """Whether it is "it's", "she's" …: a pronoun and its verb in one."""
    return token.owns and token.word in _WITH_VERB


def _function(token: Token) -> str:
    return "is" if _is_it(token) else token.word
