"""French words of conversations: tables only."""

from apps.language.conversation.words import Words

_DAYS = r"(?:lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche)s?"
_TIME = r"\d{1,2}(?:\s?(?:h|:)\s?\d\d|\s?h\b|\s+heures?(?:\s+\d\d)?)?(?:\s+du\s+(?:matin|soir))?"
_UNIT = rf"(?:{_DAYS}|jours?|matins?|soirs?|heures?|semaines?|mois|trimestres?|ans?|années?)"
_AT = rf"(?:,?\s*(?:à|vers|dès)\s+(?:{_TIME}|midi|minuit))"
_NTH = r"le\s+(?:premier|dernier|1er|\d{1,2})\s+(?:jour\s+)?(?:de\s+chaque|du)\s+(?:mois|trimestre)"
_FILLERS = """
le la les l un une des et ou mais pour de du d en à au aux avec sans seulement uniquement juste aussi encore fois une nouveau
maintenant puis ensuite s'il vous te plaît plait svp plutôt cela ça ce cette ces celui celle la même même chose pareil fais
faites faire donne donnez moi nous je veux voudrais voulons besoin comme quoi comment est ne pas non oui depuis jusqu jusqu'au
tous toutes mon ma mes notre nos soit change changez format version il
"""

WORDS = Words(
    yes=(
        "oui", "ouais", "d'accord", "exact", "exactement", "correct", "bien sûr", "c'est ça", "c'est bon", "parfait",
        "très bien", "je confirme", "confirmer", "oui bien sûr", "oui s'il te plaît", "oui s'il vous plaît", "entendu", "ok",
        "vas-y", "allez-y", "oui vas-y", "fais-le",
    ),
    no=("non", "pas ça", "pas cela", "faux", "non merci", "pas celui-là", "plutôt pas", "incorrect"),
    start=(
        "lance", "lancer", "lancez", "démarre", "démarrer", "démarrez", "commence", "commencer", "commencez", "c'est parti",
        "oui lance", "exécute", "exécuter", "garder le brouillon", "garde-le", "lance-le", "lancez-le",
    ),
    forget=(
        "laisse tomber", "laissez tomber", "oublie", "oublie ça", "oubliez", "oubliez ça", "annule", "annuler", "annulez",
        "arrête", "arrêter", "arrêtez", "stop", "tant pis", "peu importe", "non laisse tomber", "abandonne", "abandonner",
        "non oublie",
    ),
    change=("changer", "change", "modifier", "modifie", "changer quelque chose", "autre chose", "corriger"),
    none=("aucun", "aucune", "rien de cela", "aucun de ceux-là", "aucune de celles-là", "ni l'un ni l'autre", "un autre"),
    more=("plus", "encore", "voir plus", "la suite", "suite", "suivant", "page suivante", "le reste", "continue"),
    hello=("bonjour", "salut", "bonsoir", "coucou", "bonjour à tous"),
    thanks=("merci", "merci beaucoup", "merci bien", "un grand merci", "ok merci"),
    who=(
        "qui es-tu", "qui êtes-vous", "tu es qui", "vous êtes qui", "c'est qui", "es-tu un robot",
        "êtes-vous un robot", "tu es un robot", "es-tu un bot", "comment tu t'appelles", "comment vous appelez-vous",
    ),
    please=("s'il te plaît", "s'il vous plaît", "svp", "alors", "maintenant"),
    both=(
        "les deux", "tous les deux", "toutes les deux", "oui les deux", "les deux s'il vous plaît",
        "les deux s'il te plaît", "tous", "toutes", "tous les trois", "toutes les trois", "l'un et l'autre",
    ),
    reason=(
        "pourquoi celui-ci", "pourquoi ceux-ci", "pourquoi celui-là", "pourquoi celle-ci", "pourquoi celle-là",
        "pourquoi ce modèle",
        "pourquoi ce choix", "pourquoi as-tu choisi ça", "pourquoi as-tu choisi cela", "pourquoi tu as choisi ça",
        "pourquoi avez-vous choisi cela", "pourquoi avez-vous choisi ça", "pourquoi avez-vous choisi ce modèle",
        "comment as-tu compris ça", "comment as-tu compris cela", "comment avez-vous compris",
        "comment avez-vous compris cela", "qu'as-tu compris", "qu'avez-vous compris", "explique ton choix",
        "expliquez votre choix", "comment le sais-tu", "d'où tiens-tu cela",
    ),
    denial=(
        r"(?:(?:non|faux|attends|attendez|pardon|désolée?|correction|erreur)\b[\s,.!:;–-]*)*"
        r"(?:(?:je voulais dire|je veux dire|plutôt|en fait|à la place|mets plutôt|ce doit être|c'est)\b[\s,:]*)?"
    ),
    instead=(
        r"pas (?P<old>[^,]+?)\s*(?:,\s*(?:mais\s+)?|\s+mais\s+|\s*[–-]\s+)(?P<new>.+)",
        r"(?P<new>[^,]+?),?\s+(?:(?:et pas|pas|au lieu de|plutôt que)\s+|au lieu d')(?P<old>.+)",
        r"(?:remplace|remplacez|change|changez)\s+(?P<old>.+?)\s+(?:par|en)\s+(?P<new>.+)",
    ),
    same=(
        r"(?:(?:maintenant |et |fais |faites |donne-moi |refais )*(?:exactement )?"
        r"(?:la même(?: chose)?|le même|les mêmes|pareil|idem)(?: encore| à nouveau)?"
        r"|encore une fois|à nouveau|de nouveau|une fois de plus|répète (?:ça|cela))(?!\w)"
    ),
    also=(
        r"(?:et|aussi|seulement|uniquement|juste|mais|maintenant|puis|plutôt|que dirais-tu de|comme|avec|sans|en|pour|"
        r"cette fois)(?!\w)"
    ),
    then=r"[\s,.]*\b(?:et puis|et ensuite|et après|après cela|après ça|puis|ensuite)\b[\s,:]*",
    both_of=r"[\s,]+(?:et)\s+",
    fillers=frozenset(_FILLERS.split()),
    rule=(
        rf"(?<!pour )(?<!de )(?<!par )\b(?:chaque|tous les|toutes les)\s+(?:(?:premiers?|derniers?|deux|\d{{1,3}})\s+)?"
        rf"{_UNIT}(?:(?:,|\s+et)\s+{_DAYS})*(?:\s+(?:ouvrables?|ouvrés?|matin|soir|du mois))?{_AT}?"
        rf"|\b(?:quotidiennement|hebdomadairement|mensuellement){_AT}"
        rf"|\bà\s+{_TIME}\s+(?:chaque|tous les|toutes les)\s+{_UNIT}"
        rf"|\ble\s+{_DAYS}{_AT}"
        rf"|\b{_NTH}{_AT}?"
        rf"|\bune\s+fois\s+par\s+(?:jour|semaine|mois|trimestre|an){_AT}?"
    ),
)  # fmt: skip
