"""Asks Amazon for bids, for the items of a plan to come whose rule says so, before anything of the plan is written."""

from collections import deque
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass, field

from harvester.domain.bid import NoSuggestion, Suggestion
from harvester.domain.errors import AccountClosed, HarvesterError, Misconfigured, PageBroken, Rejected, Unavailable
from harvester.domain.ids import Effect, RunId
from harvester.ports.bids import BidSuggestions, DecidedRows
from harvester.rules.evaluate import asks_amazon
from harvester.rules.planner import Grounds, fold
from harvester.rules.ruleset import ProfileRules
from harvester.rules.suggestions import NOT_ASKED, TOO_MANY, BidQuestion, BidQuestions, Suggestions
from harvester.usecases.together import together

_AT_ONCE = 4
"""Calls under way; how fast they may follow one another is the client's business."""
_OF_THE_BODY = (400, 422)
"""With these Amazon refuses what a call holds, and mostly it is a single target."""
_MOST_UNREADABLE = 3
"""Answers in a row that cannot be read, each asked for again and again: none is waited for any more."""
_MOST_PARTS = 40
"""Further calls in search of the targets that one call was refused for."""
_LEFT_OUT = NoSuggestion("its answer holds no low, middle and high bid for this target")
_GIVEN_UP = NoSuggestion("it did not answer the calls before this one, so it was not asked any more")


@dataclass(slots=True)
class SuggestBids:
    """A call that fails, is refused or says less than it should costs its items their suggestion, and nothing else."""

    reader: BidSuggestions
    _known: dict[Effect, Suggestion] = field(default_factory=dict)
    _away: bool = False
    _unreadable: int = 0

    async def __call__(self, rows: DecidedRows, run_id: RunId, grounds: Grounds, rules: ProfileRules) -> Suggestions:
        """Raises AccountClosed; without a rule that asks, nothing is even looked at."""
        if not any(asks_amazon(rule) for rule in rules.rules):
            return NOT_ASKED
        questions = BidQuestions(rules)
        async with aclosing(rows.decided(run_id)) as decided:
            async for each in decided:
                questions.add(fold(each, grounds, rules), grounds)
                if questions.too_many:
                    break
        self._known |= questions.unanswerable()
        batches = list(questions.batches())
        for start in range(0, len(batches), _AT_ONCE):
            await together(*(self._ask(batch) for batch in batches[start : start + _AT_ONCE]))
        return Suggestions(self._known, TOO_MANY if questions.too_many else None)

    async def _ask(self, question: BidQuestion) -> None:
        if self._away:
            self._note(question, _GIVEN_UP)
            return
        refused = await self._answer(question)
        if refused is not None:
            await self._split(question, refused)

    async def _answer(self, question: BidQuestion) -> Rejected | None:
        """The refusal of a question that may only be about one of its targets; all else is noted."""
        try:
            found = await self.reader.suggested_bids(question.place, list(question.wanted))
        except (AccountClosed, Misconfigured):
            raise
        except HarvesterError as error:
            if isinstance(error, Rejected) and error.status in _OF_THE_BODY and len(question.wanted) > 1:
                return error
            self._unreadable += isinstance(error, PageBroken)
            if isinstance(error, Unavailable) or self._unreadable >= _MOST_UNREADABLE:
                self._away = True
            self._note(question, NoSuggestion(str(error).rstrip(".")))
            return None
        self._unreadable = 0
        for target, effects in question.wanted.items():
            self._known |= dict.fromkeys(effects, found.get(target, _LEFT_OUT))
        return None

    async def _split(self, question: BidQuestion, refused: Rejected) -> None:
        """Looks for what of it is refused. Where both halves are refused in the same words, it is the place."""
        waiting = deque([(half, refused) for half in _halves(question)])
        said = []
        for asked in range(_MOST_PARTS):
            if not waiting or self._away:
                break
            part, _ = waiting.popleft()
            again = await self._answer(part)
            said.append(again.message if again is not None else "")
            if asked == 1 and said == [refused.message] * 2:
                waiting.clear()
                self._note(question, NoSuggestion(str(refused).rstrip(".")))
                return
            if again is not None:
                waiting.extend((half, again) for half in _halves(part))
        for part, why in waiting:
            self._note(part, _GIVEN_UP if self._away else NoSuggestion(str(why).rstrip(".")))

    def _note(self, question: BidQuestion, nothing: NoSuggestion) -> None:
        for effects in question.wanted.values():
            self._known |= dict.fromkeys(effects, nothing)


def _halves(question: BidQuestion) -> list[BidQuestion]:
    targets = list(question.wanted)
    middle = len(targets) // 2
    return [
        BidQuestion(question.place, {target: question.wanted[target] for target in some})
        for some in (targets[:middle], targets[middle:])
    ]


def advice_on(suggestions: Suggestions) -> Sequence[str]:
    """One sentence, where not all that was asked for came."""
    missing = sum(isinstance(each, NoSuggestion) for each in suggestions.known.values())
    if not missing and suggestions.otherwise is None:
        return []
    asked = len(suggestions.known)
    more = f", and more than that were not asked for: {suggestions.otherwise.why}" if suggestions.otherwise else ""
    sentence = f"Amazon suggested no bid for {missing} of {asked} items whose rule asks for one{more}"
    return [f"{sentence}: their notes say why; the next base that the rule names was taken, else they are held"]
