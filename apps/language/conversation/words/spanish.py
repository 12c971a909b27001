"""Spanish words of conversations: tables only."""

from apps.language.conversation.words import Words

_DAYS = r"(?:lunes|martes|miércoles|jueves|viernes|sábados?|domingos?)"
_TIME = r"(?:las?\s+)?\d{1,2}(?:[:.]\d\d)?(?:\s*(?:h|horas)\b)?(?:\s+de\s+la\s+(?:mañana|tarde|noche))?"
_UNIT = rf"(?:{_DAYS}|día|mañana|tarde|noche|hora|semana|mes|trimestre|año)(?:e?s)?"
_AT = rf"(?:,?\s*(?:a|hacia)\s+(?:{_TIME}|mediodía|medianoche))"
_NTH = r"el\s+(?:primer|último|\d{1,2}|primero)\s+(?:día\s+)?de\s+cada\s+(?:mes|trimestre|año)"
_FILLERS = """
el la los las un una unos unas y o pero para de del en a al con sin solo sólo también además otra otro vez de nuevo ahora luego
después por favor en lugar eso esto este esta estos estas lo mismo misma igual haz hacer dame muestra me nos yo nosotros quiero
queremos necesito como cómo qué que no sí desde hasta todos todas mi mis nuestro nuestra nuestros es sea usa cambia formato
versión pon
"""

WORDS = Words(
    yes=(
        "sí", "si", "s", "claro", "correcto", "exacto", "de acuerdo", "vale", "bien", "muy bien", "perfecto", "confirmo",
        "confirmar", "sí claro", "por supuesto", "sí por favor", "así es", "eso es", "está bien", "ok", "hazlo", "sí hazlo",
    ),
    no=("no", "esto no", "eso no", "incorrecto", "mal", "no gracias", "mejor no", "ese no"),
    start=(
        "empieza", "empezar", "inicia", "iniciar", "inícialo", "adelante", "comienza", "comenzar", "ejecuta", "ejecutar",
        "lanza", "lánzalo", "sí empieza", "guardar el borrador", "guárdalo", "inicie", "empiece", "vamos",
    ),
    forget=(
        "olvídalo", "olvidalo", "olvídelo", "cancela", "cancelar", "cancélalo", "cancelalo", "déjalo", "dejalo", "déjelo",
        "para", "basta", "no importa", "da igual", "no olvídalo", "alto", "anular", "ya no", "detente",
    ),
    change=("cambiar", "cambia", "cámbialo", "modificar", "otra cosa", "cambiar algo", "editar", "corregir"),
    none=("ninguno", "ninguna", "nada de esto", "ninguno de estos", "ninguna de estas", "ni uno ni otro", "otro", "otra"),
    more=("más", "mas", "ver más", "muestra más", "siguiente", "siguiente página", "el resto", "sigue"),
    hello=("hola", "buenos días", "buenas tardes", "buenas noches", "buenas", "hola buenos días"),
    thanks=("gracias", "muchas gracias", "mil gracias", "gracias a ti", "ok gracias", "vale gracias"),
    who=(
        "quién eres", "quien eres", "quién es usted", "qué eres", "eres un bot", "eres un robot", "eres humano",
        "cómo te llamas", "como te llamas", "cómo se llama",
    ),
    please=("por favor", "entonces", "ahora"),
    both=(
        "ambos", "ambas", "los dos", "las dos", "sí ambos", "si ambos", "ambos por favor", "todos", "todas",
        "los tres", "las tres", "todos ellos",
    ),
    reason=(
        "por qué este", "por qué estas", "por qué estos",
        "por qué esta", "por qué ese", "por qué esa", "por qué esto", "por qué eso", "por que este",
        "por que esto", "por qué esta plantilla", "por qué elegiste eso", "por qué elegiste esto",
        "por qué has elegido eso", "por qué has elegido esto", "por qué ha elegido eso", "por qué ha elegido esto",
        "por qué ha elegido esta plantilla", "por que elegiste eso", "cómo lo has entendido", "cómo lo entendiste",
        "como lo has entendido", "cómo lo ha entendido", "qué has entendido", "qué entendiste", "que has entendido",
        "explica tu elección", "explique su elección", "cómo lo sabes", "de dónde sacas eso",
    ),
    denial=(
        r"(?:(?:no|incorrecto|espera|perdón|perdona|disculpa|corrección|mejor no)\b[\s,.!:;–-]*)*"
        r"(?:(?:quería decir|quise decir|quiero decir|me refería a|mejor|más bien|en realidad|en su lugar|que sea|"
        r"debe ser|sino)\b[\s,:]*)?"
    ),
    instead=(
        r"no (?P<old>[^,]+?),?\s+sino\s+(?P<new>.+)",
        r"(?P<new>[^,]+?),?\s+(?:no|en vez de|en lugar de)\s+(?P<old>.+)",
        r"(?:reemplaza|sustituye|cambia)\s+(?P<old>.+?)\s+(?:por|a)\s+(?P<new>.+)",
    ),
    same=(
        r"(?:(?:ahora |y |haz |dame |muéstrame |por favor )*(?:exactamente )?(?:lo mismo|el mismo|la misma|igual)"
        r"(?: otra vez| de nuevo)?|otra vez|de nuevo|una vez más|repítelo|repite (?:eso|esto|lo mismo))(?!\w)"
    ),
    also=r"(?:y|también|además|solo|sólo|solamente|pero|ahora|luego|en vez|qué tal|y si|como|con|sin|en|para|esta vez)(?!\w)",
    then=r"[\s,.]*(?<!\w)(?:y luego|y después|y entonces|después de eso|a continuación|luego|después)(?!\w)[\s,:]*",
    both_of=r"[\s,]+(?:y|e)\s+",
    fillers=frozenset(_FILLERS.split()),
    rule=(
        rf"(?<!para )(?<!de )(?<!por )\b(?:cada|todos los|todas las)\s+(?:(?:primer|último|segundo|\d{{1,3}})\s+)?"
        rf"{_UNIT}(?:(?:,|\s+y)\s+{_DAYS})*(?:\s+(?:laborables?|por la (?:mañana|tarde|noche)))?{_AT}?"
        rf"|\b(?:diariamente|semanalmente|mensualmente|a diario){_AT}"
        rf"|\ba\s+{_TIME}\s+(?:cada|todos los|todas las)\s+{_UNIT}"
        rf"|\blos\s+{_DAYS}(?:\s+y\s+(?:los\s+)?{_DAYS})*{_AT}"
        rf"|\b{_NTH}{_AT}?"
        rf"|\buna\s+vez\s+(?:al|por|a la)\s+(?:día|semana|mes|trimestre|año){_AT}?"
    ),
)  # fmt: skip
