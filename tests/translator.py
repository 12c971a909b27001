"""A language model that translates, after a fashion: Gemini's loopback server with answers made from the questions.

Each word of a text becomes one of the asked language's looks; what is to be kept is kept, and the terms are used. Words in
a text ask it to misbehave, so that a test need not know which question holds which text.
"""

import json
import re
import threading
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from tests.unit.ai.gemini_server import GeminiServer, answer

CYRILLIC = str.maketrans("abcdefghijklmnopqrstuvwxyz", "абцдефгхийклмнопярстуввхыз")
ONCE, ALWAYS, SILENT = "slip", "blunder", "withhold"
"""In a text: what it has to keep is lost the first time, or each time; or it is left out of the answer."""


@dataclass
class TranslatingServer(GeminiServer):
    """`asked` counts how often each text was asked for, by language and text.

    From the question number `gated_from` on, answers wait until `gate` is set.
    """

    asked: Counter[tuple[str, str]] = field(default_factory=Counter)
    questions: list[dict[str, Any]] = field(default_factory=list)
    quota: int | None = None
    """How many questions are answered until the daily quota is used up."""
    gate: threading.Event | None = None
    gated_from: int = 0

    def _next(self) -> tuple[int, bytes, dict[str, str]]:
        question = asked(self.requests[-1]["body"])
        self.questions.append(question)
        if self.gate and len(self.questions) >= self.gated_from:
            self.gate.wait(30)
        if self.quota is not None and len(self.questions) > self.quota:
            return 429, json.dumps(QUOTA).encode(), {}
        said = [self._one(question, row) for row in question["messages"] if SILENT not in row["text"]]
        body = answer(json.dumps({"translations": said}))
        read, written = len(str(self.requests[-1]["body"])) // 4, len(str(said)) // 4
        body["usageMetadata"] = {
            "promptTokenCount": read, "candidatesTokenCount": written, "totalTokenCount": read + written,
        }  # fmt: skip
        return 200, json.dumps(body).encode(), {}

    def _one(self, question: dict[str, Any], row: dict[str, Any]) -> dict[str, Any]:
        key = (question["into"], row["text"])
        self.asked[key] += 1
        text = translated(row["text"], question, row["keep"])
        if row["keep"] and (ALWAYS in row["text"] or (ONCE in row["text"] and self.asked[key] == 1)):
            text = text.replace(row["keep"][0], "", 1)
        return {"id": row["id"], "text": text}


def asked(body: dict[str, Any]) -> dict[str, Any]:
    """The data of a question."""
    text = "".join(part["text"] for content in body["contents"] for part in content["parts"])
    found: dict[str, Any] = json.loads(text.split("<data>\n")[-1].removesuffix("\n</data>"))
    return found


def translated(text: str, question: dict[str, Any], keep: list[str]) -> str:
    known = {term["term"].casefold(): term["translation"] for term in question["terms"]}
    kept = sorted({*keep, *known}, key=len, reverse=True)
    pieces = re.split(f"({'|'.join(map(re.escape, kept))})", text, flags=re.IGNORECASE) if kept else [text]
    return "".join(
        piece if piece in keep else known.get(piece.casefold()) or _look(piece, question["into"]) for piece in pieces
    )


def _look(piece: str, into: str) -> str:
    if "(ru)" in into:
        return piece.lower().translate(CYRILLIC)
    return re.sub(r"[^\W\d_]+", lambda word: word[0][::-1].lower() + "o", piece)


QUOTA: dict[str, Any] = {
    "error": {
        "code": 429,
        "message": "Quota exceeded",
        "status": "RESOURCE_EXHAUSTED",
        "details": [
            {
                "@type": "type.googleapis.com/google.rpc.QuotaFailure",
                "violations": [{"quotaId": "GenerateRequestsPerDayPerProjectPerModel-FreeTier"}],
            }
        ],
    }
}
