"""The one entry: a message and the templates that the person may run go in, an interpretation comes out.

1. Lines below a sentence are data, where the template that the sentence chooses takes them. 2. Fixed sentences are
commands. 3. Periods are read, whatever the template. 4. The words that are left choose the template. 5. Its schema reads
the other values. 6. What is missing or can be meant otherwise becomes a question.
Pure: the same input gives the same answer; nothing is looked up and nothing is started.
"""

from collections.abc import Sequence
from dataclasses import replace

from apps.language import commands, dates, pasted, wording
from apps.language.contract import Candidate, Choice, Interpretation, Message, Question, TemplateCard
from apps.language.dates import Found
from apps.language.filling import context, fill
from apps.language.matching import decide, rank

MAX_TEXT = 4000


def understand(message: Message, templates: Sequence[TemplateCard]) -> Interpretation:
    """What the message asks for. `templates` are those that the person may start; no others are ever considered."""
    if len(message.text) > MAX_TEXT:
        return Interpretation(intent="none", echo=wording.too_long(MAX_TEXT))
    below = _with_lines(message, templates)
    if below is not None:
        return below
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


def _with_lines(message: Message, templates: Sequence[TemplateCard]) -> Interpretation | None:
    """What a sentence with lines below it asks for: the sentence alone says that."""
    heads = pasted.may_be(message.text, templates)
    for head in dict.fromkeys(head for head, _ in heads):
        found = dates.find(head, context(message))
        decision = decide(rank(replace(message, text=head), _without(head, found), templates))
        for best in decision.candidates[:1]:
            card = next((card for text, card in heads if text == head and card.key == best.key), None)
            if card is not None and decision.kind == "start":
                return fill(message, card, best=best, others=decision.candidates[1:], found=found)
            if card is not None and decision.kind == "ask":
                return _ask(True, decision.candidates)
    return None


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
