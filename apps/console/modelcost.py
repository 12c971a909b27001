"""What a start will use of the language model, in words, for the terminal and the start page."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from apps.catalog.models import TemplateRevision
from apps.language import wording
from apps.tasks.making import costs


@dataclass(frozen=True, kw_only=True)
class Told:
    """`text` says what it costs, or what cannot be done without a model. `agreed` stands for these parameters."""

    text: str
    has_model: bool
    agreed: str
    facts: Mapping[str, Any]


def told(revision: TemplateRevision, parameters: Mapping[str, Any]) -> Told | None:
    """None where the template says nothing about it."""
    cost = costs.expected(revision, parameters)
    if cost is None:
        return None
    used = cost.tokens
    text = wording.cost(used.total, cost.money, cost.currency, used.known, used.count)
    if not cost.has_model:
        said = revision.parameter_schema.get("x-without-model")
        text = str(said.get("en", "")) if isinstance(said, Mapping) else "No language model is set up."
    digest = hashlib.sha256(json.dumps([revision.pk, parameters], sort_keys=True, default=str).encode()).hexdigest()
    return Told(text=text, has_model=cost.has_model, agreed=digest[:32], facts=costs.facts(cost))
