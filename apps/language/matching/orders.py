"""Sentences that must not start anything though they sound like it: questions how, bans, and deeds of another kind.

Tables by language. "How do I create the report?" and "forward the report to Bob" are as near to a template's examples
as an order is; no similarity tells them apart.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Literal

Kind = Literal["how", "question", "ban", "thanks", "remark"]
# Sentences that ask about something or forbid it, thank, or remark on something.
NOT_AN_ORDER: Mapping[str, Mapping[Kind, tuple[str, ...]]] = {
    "en": {
        "how": (
            r"^(?:so |and |but |ok |well )?why\b",
            r"^(?:so |and |but |ok |well )?how (?:do|does|can|to|would|should|is|are|was|were)\b",
            r"^what (?:is|are|does|do) (?:a|an|the)?\s*\w+\s*(?:report|analysis|template|mean)?\s*\?*$",
        ),
        "question": (
            r"^(?:so |and |but |ok |well )?(?:who|whom|whose|when)\b",
            r"^where (?:is|was|were|did|has|had|does|made|wrote|sent|said|created)\b",
            r"^(?:so |and |but |ok |well )?how (?:long|heavy|far|fast|old)\b",
            r"^how (?:many|much) .*\b(?:left|cost|costs|weigh|earn)\b",
            r"^what(?:'s| is| are| was| does) .*\b(?:price|rule|rules|weather|cost|mean)\b",
        ),
        "thanks": (r"^(?:many )?thank(?:s| you)\b",),
        "ban": (r"\b(?:do not|don't|dont|doesn't|never|no need to|shouldn't|should not|can't|cannot|won't)\b",),
        "remark": (
            r"\b(?:is|was|were|are|looks?|has been) (?:\w+ )?(?:wrong|late|good|great|bad|broken|down|too \w+)\b",
        ),
    },
    "de": {
        "how": (
            r"^(?:wie|wozu) (?:erstell|mach|kann|könn|soll|muss|geht|funktionier|bekomm|wird|ist|wähl|komm)\w*\b",
            r"^(?:warum|weshalb|wieso)\b",
        ),
        "question": (
            r"^(?:wer|wem|wessen|wann)\b|^wie (?:schwer|weit|lange|schnell|alt)\b",
            r"^wo (?:hat|haben|ist|war|wurde)\b",
            r"^wie ?viele? .*\b(?:noch|kostet|kosten)\b|^was kostet\b",
        ),
        "thanks": (r"^(?:danke|vielen dank)\b",),
        "ban": (r"\b(?:kein|keine|keinen|nicht|nie|niemals)\b",),
        "remark": (r"\b(?:ist|war|sind) (?:\w+ )*(?:falsch|kaputt|langsam|zu \w+|gut|schlecht)\b",),
    },
    "ru": {
        "how": (
            r"^(?:как|когда) (?:мне |я |нам |можно)",
            r"^как \w+(?:ть|ти|чь|ться)\b",
            r"^(?:почему|зачем)\b",
        ),
        "question": (
            r"^(?:кто|у кого|кому|чей)\b",
            r"^сколько (?:стоит|стоят|весит)\b|^сколько .*остал",
        ),
        "thanks": (r"^(?:спасибо|благодарю)\b",),
        "ban": (r"\b(?:не|никогда|никаких|нельзя)\b",),
    },
    "es": {
        "how": (
            r"^¿?(?:cómo|por qué)\b",
            r"^¿?(?:como|cuándo) (?:creo|hago|puedo|se|debo|funciona|está|es|fue)\b",
        ),
        "question": (
            r"^¿?(?:quién|quiénes)\b",
            r"^¿?cuánt[oa]s? (?:cuestan?|pesan?|.*me quedan?)\b",
        ),
        "thanks": (r"^(?:muchas )?gracias\b",),
        "ban": (r"(?:^|[,.;] )no (?!puedo)\w+|\b(?:nunca|ningún|ninguna)\b",),
    },
    "fr": {
        "how": (
            r"^(?:comment|pourquoi)\b",
            r"^quand (?:\w+er|\w+ir|je|on|puis|faire|est|fonctionne)\b",
        ),
        "question": (
            r"^qui (?:a|ont|est|sont|fait|peut|travaille)\b",
            r"^combien (?:coûte|coûtent|pèse|.*reste)\b",
        ),
        "thanks": (r"^merci (?:beaucoup|bien|!|$)|^merci$",),
        "ban": (r"\b(?:ne|n')\s?\w+ (?:pas|plus|jamais|aucun|aucune)\b",),
    },
}
# How examples begin that are questions: a template with one of them answers questions.
ASKING = re.compile(
    r"^[¿\s]*(?:who|whose|what|which|when|where|why|how|wer|was|welche\w*|wann|wo|warum|wie|wieviel\w*|кто|что|как\w*|когда|"
    r"где|почему|сколько|qui[eé]n\w*|qu[eé]|cu[aá]l\w*|cu[aá]ndo|d[oó]nde|c[oó]mo|cu[aá]nt\w*|qui|quoi|quel\w*|quand|où|"
    r"pourquoi|comment|combien)\b",
    re.IGNORECASE,
)

# What is done to one thing, or undone: a template that knows none of a line's words is not meant. One deed a line, in the
# languages of LANGUAGES; as an order, and as it follows "it is necessary to".
LANGUAGES = ("en", "de", "ru", "es", "fr")
_DEEDS = """
delete remove erase drop destroy | lösche lösch entferne | удали удалите удалить | borra elimina eliminar | supprime efface
cancel undo revert | storniere stornieren widerrufe | отмени отмените отменить | cancela cancelar anula anular | annule annuler
terminate | kündige kündigen | расторгни расторгнуть | rescinde rescindir | résilie résilier
stop | stoppe stoppen | останови остановите остановить | detén detener | arrête arrêter
refund restore | erstatte | верни верните вернуть | devuelve devolver | rembourse rembourser
reject | verwirf | отклони отклоните | rechaza rechazar | refuse refuser rejette
forget ignore | ignoriere vergiss | игнорируй забудь | ignora olvida | ignore oublie
forward | leite weiterleiten | перешли перешлите переслать | reenvía reenviar | transfère transférer
approve | genehmige genehmigen | одобри одобрите одобрить | aprueba aprobar | approuve approuver
sign | unterschreibe unterschreib unterschreiben | подпиши подпишите подписать | firma firmar | signe signer
pay | bezahle bezahl bezahlen überweise | оплати оплатите оплатить | paga pagar | paie paye payer
change edit correct | ändere ändern korrigiere | измени измените исправь | cambia cambiar corrige | change modifie corrige
rename | benenne umbenennen | переименуй переименуйте переименовать | renombra renombrar | renomme renommer
close | schließe schließen | закрой закройте закрыть | cierra cerrar | ferme fermer
order | bestelle bestell bestellen | закажи закажите заказать | pide pedir encarga | commande commander
hire | | найми наймите нанять | contrata contratar | embauche embaucher recrute
raise | erhöhe erhöhen | повысь повысьте повысить | sube subir aumenta | augmente augmenter
reschedule move | verschiebe verschieben | перенеси перенесите перенести | mueve mover aplaza | déplace déplacer reporte
reply answer | beantworte beantworten | ответь ответьте ответить | responde responder contesta | réponds répondre
print | drucke drucken | распечатай распечатайте распечатать | imprime imprimir | imprime imprimer
mark | markiere markieren | отметь отметьте отметить | marca marcar | marque marquer
upload | | | | téléverse téléverser
email | | | |
sell | verkaufe verkaufen | продай продайте продать | vende vender | vends vendre
wash clean | wasche putze reinige | помой помойте помыть вымой почисти | lava lavar limpia limpiar | lave laver nettoie nettoyer
paint | streiche streichen | покрась покрасьте покрасить | pinta pintar | peins peindre
restart reboot | | перезапусти перезапустите перезагрузи | reinicia reiniciar | redémarre redémarrer
"""
_ROWS = tuple(tuple(frozenset(cell.split()) for cell in line.split("|")) for line in _DEEDS.strip().splitlines())
_FIRST = re.compile(
    r"[^\w¿]*(?:(?:and|und|и|y|et|hi|hey|hello|ok|now|hay que|il faut|il faudrait|надо|нужно)\W+)*(\w+)"
)


def kind(text: str, language: str) -> Kind | None:
    """What else the sentence is: a question how things are done or how they are, what is forbidden, thanks, a remark."""
    plain = text.casefold().replace("’", "'").strip()
    found = NOT_AN_ORDER.get(language, {})
    return next((each for each in found if any(re.search(pattern, plain) for pattern in found[each])), None)


@lru_cache(maxsize=1024)
def kinds(examples: tuple[tuple[str, str], ...]) -> frozenset[Kind]:
    """Of (example, language): a template with a question among its examples answers questions."""
    found = {each for text, language in examples if (each := kind(text, language))}
    return frozenset(found | ({"question"} if any(ASKING.match(text) for text, _ in examples) else set()))


def is_order(text: str, language: str) -> bool:
    return kind(text, language) is None


def deed(text: str, language: str) -> frozenset[str]:
    """The words, in all languages, for what the sentence orders to be done to one thing, or undone; none: nothing such."""
    first = _FIRST.match(text.casefold())
    if first is None or language not in LANGUAGES:
        return frozenset()
    rows = [row for row in _ROWS if first[1] in row[LANGUAGES.index(language)]]
    return frozenset().union(*(words for row in rows for words in row))
