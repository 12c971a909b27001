"""French sentences for commands. Each pattern must match the whole message; see the English ones."""

_BEFORE = (
    "s'il te plaît|s'il vous plaît|svp|salut|bonjour|ok|peux-tu|pouvez-vous|pourrais-tu|pourriez-vous|je veux|je voudrais|"
    "maintenant|et|dis-moi|dites-moi"
)
POLITE = (
    rf"^(?:/|(?:{_BEFORE})\b)[\s,:]*",
    r"[\s,]*(?:\b(?:s'il te plaît|s'il vous plaît|svp|maintenant|tout de suite|merci)|[.!?])$",
)

TASK = r"(?P<task>.+?)"
_TASKS = r"(?:tâches?|travaux|jobs?)"
_STATUS = r"(?:état|statut|status|progression|avancement)"
_THE = r"(?:la |le |les |l'|mes? |ma |nos |toutes mes |toutes les )?"
_SHOW = r"(?:montre|montrez|affiche|affichez|liste|donne|quel est|quelles sont|voir)(?:-moi|-nous)? "
_TELL = r"(?:préviens|prévenez|avertis|avertissez|dis|dites|informe)"
_ENDED = r"(?:finie?|terminée?|prête?|achevée?|complète?|faite?)"
_DECIDED = r"(?P<task>(?!(?:parce qu|car)\b)[^,:;]+?)"
_COMMENT = (
    r"(?:\s*(?:[,:;]|\s[-–—])\s*(?:parce que |parce qu'|car )?(?P<comment>.+)|"
    r"\s+(?:parce que |parce qu'|car )(?P<reason>.+))?"
)
_STANDS = (
    r"(?:avance|tourne|démarre|commence|attend|marche|est bloquée?|est en attente|est arrêtée?|bouge|part|est lente?|"
    r"prend autant de temps)"
)

COMMANDS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        "help",
        (
            r"aide|aide-moi|aidez-moi|commandes|menu",
            r"(?:que|qu'est-ce que) (?:peux-tu|pouvez-vous|tu peux|vous pouvez|sais-tu) ?(?:faire)?(?: pour moi)?",
            r"(?:que puis-je|qu'est-ce que je peux) (?:faire|demander|dire|lancer)(?: ici)?",
            r"comment ça (?:marche|fonctionne)",
            rf"(?:{_SHOW})?{_THE}(?:commandes|modèles|aide)|quels modèles (?:y a-t-il|existent)",
        ),
    ),
    (
        "queue",
        (
            rf"(?:{_SHOW})?{_THE}(?:{_STATUS} (?:de |des ))?(?:la |les )?files?(?: d'attente)?",
            r"(?:comment (?:va|vont)|où en (?:est|sont)) (?:la |les )files?(?: d'attente)?",
            rf"combien de {_TASKS} (?:attendent|sont en attente)",
            r"qu'est-ce qui attend|qu'y a-t-il dans la file",
        ),
    ),
    (
        "list",
        (
            rf"(?:{_SHOW})?{_THE}{_TASKS}(?: (?:en cours|ouvertes|actives|en attente))?",
            rf"quelles {_TASKS} (?:tournent|sont en cours|sont ouvertes|ai-je)",
            r"liste(?: (?:de mes|des) tâches)?",
            r"qu'est-ce qui tourne",
            rf"(?:{_SHOW}|liste )?les miennes",
        ),
    ),
    (
        "schedules",
        (
            rf"(?:{_SHOW}|liste )?{_THE}(?:planifications|programmations|brouillons|répétitions)",
            rf"(?:{_SHOW}|liste )?{_THE}{_TASKS} (?:planifiées|programmées)",
            r"liste (?:de mes |des )(?:planifications|programmations|brouillons)",
            r"(?:quelles planifications|quels brouillons) (?:ai-je|y a-t-il)|qu'est-ce qui est (?:planifié|programmé)",
        ),
    ),
    (
        "status",
        (
            rf"(?:{_SHOW})?{_THE}{_STATUS}",
            rf"(?:{_SHOW})?{_THE}{_STATUS} (?:de la |de l'|du |de |des ){TASK}",
            rf"où en (?:est|sont)(?:[- ](?:elle|il|ce|ça))?(?: {TASK})?",
            rf"comment (?:avance|va|ça avance)(?: {TASK})?",
            rf"(?:est-ce que )?{TASK} est(?:-elle|-il)? (?:déjà |bientôt )?{_ENDED}",
            rf"(?:est-elle|est-ce|est-il) (?:déjà |bientôt )?{_ENDED}",
            rf"quand (?:est-ce que )?{TASK} (?:est|sera|sera-t-elle|sera-t-il) {_ENDED}",
            rf"que fait {TASK}",
            r"#(?P<number>\d+)",
            rf"{_TASKS} #?(?P<number>\d+)",
        ),
    ),
    (
        "retry",
        (
            rf"(?:relance|relancez|relancer|réessaie|réessaye|réessayez|recommence|recommencez)(?: {TASK})?",
            r"relance(?:z)?-l[ae]",
            rf"(?:essaie|essayez|lance|lancez)(?: {TASK})? (?:à nouveau|de nouveau|encore une fois)",
        ),
    ),
    (
        "cancel",
        (
            rf"(?:annule|annulez|annuler|arrête|arrêtez|arrêter|stoppe|stop|abandonne)(?: {TASK})?",
            r"(?:annule|arrête)-l[ae]",
            rf"je n'ai plus besoin (?:de |d'|du ){TASK}",
        ),
    ),
    (
        "pause",
        (
            rf"(?:suspends|suspendez|suspendre|pause)(?: {TASK})?",
            rf"(?:mets|mettez|mettre)(?: {TASK})? en pause",
            r"suspends-l[ae]|mets-l[ae] en pause",
        ),
    ),
    (
        "resume",
        (rf"(?:reprends|reprenez|reprendre|continue|continuez|continuer|poursuis)(?: {TASK})?", r"reprends-l[ae]"),
    ),
    (
        "why",
        (
            rf"pourquoi (?:est-ce que )?{TASK} (?:n'|ne )?(?:encore )?{_STANDS}(?:-t-elle|-t-il|-elle)?(?: (?:pas|plus|encore))*",
            rf"pourquoi (?:n'|ne )?{_STANDS}(?:-t-elle|-t-il|-elle)?(?: (?:pas|plus))?(?: {TASK})?",
            rf"(?:qu'attend|qu'est-ce qui bloque) {TASK}",
            r"pourquoi(?: pas| rien ne se passe)?",
        ),
    ),
    ("approve", (rf"(?:j')?(?:approuve|approuvée?|approuver|approuvez|accepte|accepter)(?: {_DECIDED})?{_COMMENT}",)),
    (
        "reject",
        (rf"(?:je )?(?:refuse|refusée?|refuser|refusez|rejette|rejeté|rejetée|rejeter)(?: {_DECIDED})?{_COMMENT}",),
    ),
    (
        "unsubscribe",
        (
            rf"ne m'(?:informe|informez|avertis) plus(?: (?:de |sur |d'){TASK})?",
            rf"ne me (?:parle|parlez|préviens|prévenez) plus(?: (?:de |d'){TASK})?",
            rf"(?:désabonne-moi|désabonnez-moi)(?: (?:de |d'){TASK})?",
        ),
    ),
    (
        "subscribe",
        (
            rf"(?:{_TELL}-moi )?(?:quand|dès que|lorsque) {TASK} (?:est|sera) {_ENDED}",
            rf"(?:préviens|prévenez|avertis|avertissez)-moi (?:quand|dès que) c'est {_ENDED}",
            rf"(?:abonne-moi à|suis|suivre|tiens-moi au courant(?: de)?)(?: {TASK})?",
        ),
    ),
)

_ONE = r"(?:la |le |ma |mon |cette |ce )?(?:dernière )?(?:tâche|job|travail)(?: en cours| actuelle)?"
PRONOUNS = rf"(?:ça|cela|elle|il|la|le|ce|{_ONE})"
ALL = r"(?:tout|toutes|toutes mes tâches|(?:toutes )?(?:mes |les )?tâches(?: en cours| ouvertes)?)"
BEFORE_NUMBER = r"(?:(?:la |les |ma |le )?(?:tâches?|jobs?|numéros?|n°|no\.?|id)\s*)*#?\s*"
BETWEEN_NUMBERS = r"\s*(?:,|et|ou|&)\s*#?"
BEFORE_TITLE = r"^(?:le |la |les |l'|mon |ma |notre )|\s+(?:en cours)$"
