"""Sentences that must not start anything though they sound like it: questions how, bans, and deeds of another kind.

Tables by language. "How do I create the report?" and "forward the report to Bob" are as near to a template's examples
as an order is; no similarity tells them apart.
"""

import re

# Sentences that ask about something or forbid it.
NOT_AN_ORDER = {
    "en": (
        r"^(?:so |and |but |ok |well )?(?:why|whom|whose|when)\b",
        r"^(?:who|where) (?:is|was|were|did|has|had|does|made|wrote|sent|said|created)\b",
        r"^(?:many )?thank(?:s| you)\b",
        r"^(?:so |and |but |ok |well )?how (?:do|does|can|to|would|should|is|are|was|were|long)\b",
        r"^what (?:is|are|does|do) (?:a|an|the)?\s*\w+\s*(?:report|analysis|template|mean)?\s*\?*$",
        r"\b(?:do not|don't|dont|doesn't|never|no need to|shouldn't|should not|can't|cannot|won't)\b",
        r"\b(?:is|was|were|are|looks?|has been) (?:\w+ )?(?:wrong|late|good|great|bad|broken|down|too \w+)\b",
    ),
    "de": (
        r"^(?:wie|warum|weshalb|wieso|wozu) (?:erstell|mach|kann|könn|soll|muss|geht|funktionier|bekomm|wird|ist)\w*\b",
        r"^(?:wer|wann|wo) (?:hat|haben|ist|war|wurde)\b",
        r"^(?:danke|vielen dank)\b",
        r"\b(?:kein|keine|keinen|nicht|nie|niemals)\b",
        r"\b(?:ist|war|sind) (?:\w+ )*(?:falsch|kaputt|langsam|zu \w+|gut|schlecht)\b",
    ),
    "ru": (
        r"^(?:как|почему|зачем|когда) (?:мне |я |нам |создать|сделать|получить|можно)",
        r"^кто (?:создал|сделал|написал|отправил)\b",
        r"^(?:спасибо|благодарю)\b",
        r"\b(?:не|никогда|никаких|нельзя)\b",
    ),
    "es": (
        r"^¿?(?:cómo|como|por qué|cuándo) (?:creo|hago|puedo|se|debo|funciona|está|es|fue)\b",
        r"^¿?quién (?:hizo|creó|escribió|envió)\b",
        r"^(?:muchas )?gracias\b",
        r"(?:^|[,.;] )no (?!puedo)\w+|\b(?:nunca|ningún|ninguna)\b",
    ),
    "fr": (
        r"^(?:comment|pourquoi|quand) (?:\w+er|\w+ir|je|on|puis|faire|est|fonctionne)\b",
        r"^qui a (?:fait|créé|écrit|envoyé)\b",
        r"^merci\b",
        r"\b(?:ne|n')\s?\w+ (?:pas|plus|jamais|aucun|aucune)\b",
    ),
}

# What is done to one thing, or undone: a template that knows none of these words is not meant.
DEEDS = {
    "en": "delete remove erase drop destroy cancel stop undo revert refund reject forget ignore forward approve sign pay "
    "change correct close order hire raise restore reschedule move edit rename reply answer print mark upload email",
    "de": "lösche entferne storniere kündige stoppe widerrufe ignoriere leite genehmige unterschreibe bezahle ändere "
    "korrigiere schließe bestelle verschiebe beantworte drucke markiere",
    "ru": "удали сотри отмени останови верни игнорируй перешли одобри подпиши оплати измени исправь закрой закажи перенеси "
    "расторгни ответь распечатай отметь",
    "es": "borra elimina cancela anula detén devuelve ignora reenvía aprueba firma paga cambia corrige cierra pide mueve "
    "responde imprime sube",
    "fr": "supprime efface annule arrête rembourse ignore transfère approuve signe paie paye change corrige ferme commande "
    "déplace résilie réponds imprime téléverse",
}
_FIRST = re.compile(r"[^\w¿]*(?:(?:and|und|и|y|et|hi|hey|hello|ok|now)\W+)*(\w+)")


def is_order(text: str, language: str) -> bool:
    """False for questions about how things are done, for what is forbidden, for remarks."""
    plain = text.casefold().replace("’", "'").strip()
    return not any(re.search(pattern, plain) for pattern in NOT_AN_ORDER.get(language, ()))


def deed(text: str, language: str) -> str | None:
    """The word with which the sentence orders something to be done to one thing, or undone."""
    first = _FIRST.match(text.casefold())
    return first[1] if first and first[1] in DEEDS.get(language, "").split() else None
