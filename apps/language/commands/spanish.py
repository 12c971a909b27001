"""Spanish sentences for commands. Each pattern must match the whole message; see the English ones."""

_BEFORE = "por favor|hola|oye|ok|vale|puedes|puede|podrías|podría|quiero|quisiera|me gustaría|ahora|y|dime|dígame"
POLITE = (
    rf"^(?:/|[¿¡]|(?:{_BEFORE})(?!\w))[\s,:]*",
    r"[\s,]*(?:\b(?:por favor|ahora|ya|gracias|inmediatamente|ahora mismo)|[.!?¿¡])$",
)

TASK = r"(?P<task>.+?)"
_TASKS = r"(?:tareas?|trabajos?)"
_STATUS = r"(?:estado|progreso|avance|estatus)"
_THE = r"(?:la |las |el |los |mis? |nuestras? |todas mis |todas las )?"
_SHOW = r"(?:muestra|muéstrame|muestre|lista|enseña|dame|ver|cuál es|qué)(?: me| nos)? "
_ENDED = r"(?:listo|lista|terminad[oa]|acabad[oa]|complet[oa]|hech[oa])"
_DECIDED = r"(?P<task>(?!(?:porque|ya que)\b)[^,:;]+?)"
_COMMENT = r"(?:\s*(?:[,:;]|\s[-–—])\s*(?:porque |ya que )?(?P<comment>.+)|\s+(?:porque|ya que) (?P<reason>.+))?"
_STANDS = (
    r"(?:avanza|corre|empieza|espera|está parad[oa]|está esperando|funciona|arranca|se ejecuta|inicia|tarda|va|sigue)"
)

COMMANDS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        "help",
        (
            r"ayuda|ayúdame|ayúdeme|comandos|menú",
            r"qué (?:puedes|puede|sabes) hacer(?: por mí)?",
            r"qué puedo (?:hacer|pedir|preguntar|decir|iniciar)(?: aquí)?",
            r"cómo funciona(?: esto)?",
            rf"(?:{_SHOW})?{_THE}(?:comandos|plantillas|ayuda)|qué plantillas hay",
        ),
    ),
    (
        "queue",
        (
            rf"(?:{_SHOW})?{_THE}(?:{_STATUS} de )?(?:las? )?colas?(?: de tareas)?",
            rf"cómo (?:está|están|va|van) {_THE}colas?",
            rf"cuántas {_TASKS} (?:esperan|hay en cola|están esperando)",
            r"qué (?:hay en la cola|espera)",
        ),
    ),
    (
        "list",
        (
            rf"(?:{_SHOW})?{_THE}{_TASKS}(?: (?:abiertas|activas|en curso|pendientes|en marcha))?",
            rf"qué {_TASKS} (?:hay|tengo|están abiertas|están en curso|se están ejecutando)",
            r"lista(?: de (?:mis )?tareas)?",
            r"qué se está ejecutando|qué está en marcha",
            rf"(?:{_SHOW})?(?:las )?mías",
        ),
    ),
    (
        "schedules",
        (
            rf"(?:{_SHOW})?{_THE}(?:los )?(?:programaciones|borradores|repeticiones|{_TASKS} (?:programadas|repetidas))",
            r"lista de (?:mis |las |los )?(?:programaciones|borradores)",
            r"qué (?:programaciones|borradores) (?:hay|tengo)|qué (?:hay|está) programado",
        ),
    ),
    (
        "status",
        (
            rf"(?:{_SHOW})?{_THE}{_STATUS}",
            rf"(?:{_SHOW})?{_THE}{_STATUS} de {TASK}",
            rf"cómo (?:va|está|avanza|sigue)(?: {TASK})?",
            rf"(?:está|ya está) (?:{_ENDED}|{TASK} (?:ya )?{_ENDED})",
            rf"{TASK} (?:ya )?está {_ENDED}",
            rf"cuándo (?:estará|está|termina|acaba)(?: (?:{_ENDED}))?(?: {TASK})?",
            rf"qué hace {TASK}",
            r"#(?P<number>\d+)",
            rf"{_TASKS} #?(?P<number>\d+)",
        ),
    ),
    (
        "retry",
        (
            rf"(?:repite|repetir|reintenta|reintentar|reinicia|repita)(?: {TASK})?",
            rf"(?:intenta|ejecuta|inicia|lanza)(?: {TASK})? (?:otra vez|de nuevo)",
        ),
    ),
    (
        "cancel",
        (
            rf"(?:cancela|cancelar|cancele|para|parar|detén|detener|detenga|aborta|abortar|anula|anular)(?: {TASK})?",
            rf"ya no (?:necesito|quiero) {TASK}",
            r"(?:cancélal[oa]|detenl[oa]|páral[oa])",
        ),
    ),
    (
        "pause",
        (
            rf"(?:pausa|pausar|pause|suspende|suspender)(?: {TASK})?",
            rf"pon(?: {TASK})? en pausa",
            r"páusal[oa]",
        ),
    ),
    ("resume", (rf"(?:reanuda|reanudar|reanude|continúa|continuar|sigue|siga|prosigue)(?: con)?(?: {TASK})?",)),
    (
        "why",
        (
            rf"por ?qué (?:todavía |aún )?(?:no )?{_STANDS}(?: tanto)?(?: {TASK})?",
            rf"por ?qué {TASK} (?:todavía |aún )?(?:no )?{_STANDS}(?: tanto)?",
            rf"qué espera {TASK}",
            r"por ?qué(?: no pasa nada)?",
        ),
    ),
    (
        "approve",
        (
            rf"(?:lo |la )?(?:apruebo|aprueba|aprobar|aprobad[oa]|apruebe|autorizo|autorizado)(?: {_DECIDED})?{_COMMENT}",
        ),
    ),
    (
        "reject",
        (rf"(?:lo |la )?(?:rechazo|rechaza|rechazar|rechazad[oa]|rechace|deniego|denegado)(?: {_DECIDED})?{_COMMENT}",),
    ),
    (
        "unsubscribe",
        (
            rf"no me (?:avises|avise|informes|escribas) más(?: (?:de|sobre) {TASK})?",
            rf"(?:deja de avisarme|cancelar? la suscripción)(?: (?:de|sobre|a) {TASK})?",
        ),
    ),
    (
        "subscribe",
        (
            rf"(?:avísame|avíseme|infórmame|notifícame|dime) (?:cuando|en cuanto) (?:termine|acabe|esté {_ENDED})(?: {TASK})?",
            rf"(?:avísame|avíseme|infórmame|notifícame|dime) (?:cuando|en cuanto) {TASK} (?:termine|acabe|esté {_ENDED})",
            rf"(?:cuando|en cuanto) {TASK} (?:termine|acabe|esté {_ENDED})",
            rf"(?:suscríbeme a|sigue a|mantenme al tanto(?: de)?)(?: {TASK})?",
        ),
    ),
)

_ONE = r"(?:la |el |mi |esta |este |esa )?(?:última |actual )?(?:tarea|trabajo)(?: actual)?"
PRONOUNS = rf"(?:eso|esto|lo|la|ella|{_ONE})"
ALL = r"(?:todo|todas?|(?:todas )?(?:mis |las |todas mis )?tareas(?: abiertas)?)"
BEFORE_NUMBER = r"(?:(?:la |las |mi |el )?(?:tareas?|trabajos?|número|núm\.?|nº|id)\s*)*#?\s*"
BETWEEN_NUMBERS = r"\s*(?:,|y|o|&)\s*#?"
BEFORE_TITLE = r"^(?:el|la|los|las|mi|nuestro|nuestra)\s+"
