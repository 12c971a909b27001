"""The one entry: a message and the templates that the person may run go in, an interpretation comes out.

1. Fixed sentences are commands. 2. Periods are read, whatever the template. 3. The words that are left choose the
template. 4. Its schema reads the other values. 5. What is missing or can be meant otherwise becomes a question.
Pure: the same input gives the same answer; nothing is looked up and nothing is started.
"""

from collections.abc import Sequence

from apps.language import commands, dates, wording
from apps.language.contract import Candidate, Choice, Interpretation, Message, Question, TemplateCard
from apps.language.dates import Found
from apps.language.filling import context, fill
from apps.language.matching import decide, rank

MAX_TEXT = 4000


def understand(message: Message, templates: Sequence[TemplateCard]) -> Interpretation:
    """What the message asks for. `templates` are those that the person may start; no others are ever considered."""
    if len(message.text) > MAX_TEXT:
        return Interpretation(intent="none", echo=wording.too_long(MAX_TEXT))
    command = commands.read(message)
    if command is not None:
        return command
    found = dates.find(message.text, context(message))
    decision = decide(rank(message, _without(message.text, found), templates))
    if decision.kind == "start":
        best, *others = decision.candidates
        card = next(card for card in templates if card.key == best.key)
        return fill(message, card, best=best, others=others, found=found)
    return _ask(decision.kind == "ask", decision.candidates)


def _without(text: str, found: Sequence[Found]) -> str:
    for each in reversed(found):
        text = f"{text[: each.start]} {text[each.end :]}"
    return text


def _ask(is_near: bool, candidates: Sequence[Candidate]) -> Interpretation:
    """Which template is meant; or, where none is near, what can be asked for at all."""
    names = [candidate.name for candidate in candidates]
    text = wording.ask_template(names) if is_near else wording.offer(names)
    choices = tuple(Choice(label=candidate.name, value=candidate.key) for candidate in candidates)
    return Interpretation(
        intent="none",
        confidence=candidates[0].confidence if candidates else 0.0,
        parts=candidates[0].parts if candidates else {},
        runner_ups=candidates,
        questions=(Question(path="template", text=text, choices=choices),),
        echo=text,
    )
