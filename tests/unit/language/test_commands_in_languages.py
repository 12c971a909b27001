"""Commands in German, Russian, Spanish and French, and ordinary sentences that are none."""

import pytest

from apps.language import commands
from apps.language.contract import OpenTask
from tests.unit.language.evaluation import message

OPEN = [OpenTask(id=7, title="Bericht Nord"), OpenTask(id=9, title="Analyse Süd")]

# sentence | verb | numbers, "all", or nothing | comment
COMMANDS = {
    "de": """
Hilfe | help | |
Was kannst du? | help | |
was kann ich hier fragen | help | |
Warteschlange | queue | |
wie viele Aufgaben warten | queue | |
meine Aufgaben | list | |
zeig mir die laufenden Aufgaben | list | |
was läuft gerade | list | |
liste meine auf | list | |
zeig mir meine | list | |
meine Zeitpläne | schedules | |
welche Zeitpläne habe ich? | schedules | |
halte an | pause | |
setze fort | resume | |
Status | status | |
Status von Aufgabe 12 | status | 12 |
wie weit ist Aufgabe 12? | status | 12 |
wie läuft es | status | |
ist es schon fertig? | status | |
wann ist Aufgabe 12 fertig | status | 12 |
Aufgabe 12 | status | 12 |
brich Aufgabe 12 ab | cancel | 12 |
bitte brich die Aufgabe ab | cancel | |
stopp | cancel | |
Aufgabe 12 abbrechen | cancel | 12 |
alle Aufgaben abbrechen | cancel | all |
halte Aufgabe 12 an | pause | 12 |
pausiere sie | pause | |
setze Aufgabe 12 fort | resume | 12 |
mach weiter | resume | |
versuche Aufgabe 12 noch einmal | retry | 12 |
wiederhole 12 | retry | 12 |
warum läuft es nicht? | why | |
warum wartet Aufgabe 12 | why | 12 |
worauf wartet es | why | |
genehmigt | approve | |
ich genehmige Aufgabe 12 | approve | 12 |
freigegeben, passt so | approve | | passt so
lehne ab | reject | |
abgelehnt, weil zu teuer | reject | | zu teuer
sag mir Bescheid, wenn Aufgabe 12 fertig ist | subscribe | 12 |
keine Nachrichten mehr zu Aufgabe 12 | unsubscribe | 12 |
brich den Bericht Nord ab | cancel | 7 |
""",
    "ru": """
помощь | help | |
что ты умеешь? | help | |
очередь | queue | |
сколько задач ждёт | queue | |
мои задачи | list | |
список задач | list | |
что сейчас выполняется | list | |
список моих | list | |
мои расписания | schedules | |
что запланировано | schedules | |
поставь на паузу | pause | |
статус | status | |
статус задачи 12 | status | 12 |
как идёт задача 12? | status | 12 |
как дела с задачей 12 | status | 12 |
уже готово? | status | |
задача 12 | status | 12 |
отмени задачу 12 | cancel | 12 |
пожалуйста, останови её | cancel | |
отмени все задачи | cancel | all |
приостанови задачу 12 | pause | 12 |
поставь задачу на паузу | pause | |
продолжи задачу 12 | resume | 12 |
продолжай | resume | |
повтори задачу 12 | retry | 12 |
попробуй снова | retry | |
почему не идёт? | why | |
почему ждёт задача 12 | why | 12 |
почему задача 12 не запускается | why | 12 |
одобряю | approve | |
одобряю, всё хорошо | approve | | всё хорошо
отклоняю, потому что дорого | reject | | дорого
отклонить задачу 12 | reject | 12 |
сообщи, когда задача 12 будет готова | subscribe | 12 |
не сообщай о задаче 12 | unsubscribe | 12 |
""",
    "es": """
ayuda | help | |
¿Qué puedes hacer? | help | |
cola de tareas | queue | |
mis tareas | list | |
lista de tareas | list | |
lista las mías | list | |
mis programaciones | schedules | |
pon en pausa | pause | |
estado | status | |
estado de la tarea 12 | status | 12 |
¿Cómo va la tarea 12? | status | 12 |
¿ya está lista? | status | |
tarea 12 | status | 12 |
cancela la tarea 12 | cancel | 12 |
por favor, para la tarea | cancel | |
cancela todas mis tareas | cancel | all |
pausa la tarea 12 | pause | 12 |
pon la tarea en pausa | pause | |
reanuda la tarea 12 | resume | 12 |
continúa | resume | |
repite la tarea 12 | retry | 12 |
¿Por qué no avanza? | why | |
por qué espera la tarea 12 | why | 12 |
apruebo | approve | |
aprobado, está bien | approve | | está bien
rechazado porque es caro | reject | | es caro
avísame cuando termine la tarea 12 | subscribe | 12 |
no me avises más de la tarea 12 | unsubscribe | 12 |
""",
    "fr": """
aide | help | |
que peux-tu faire ? | help | |
file d'attente | queue | |
mes tâches | list | |
liste des tâches | list | |
liste les miennes | list | |
mes planifications | schedules | |
mets en pause | pause | |
état | status | |
état de la tâche 12 | status | 12 |
où en est la tâche 12 ? | status | 12 |
comment ça avance | status | |
tâche 12 | status | 12 |
annule la tâche 12 | cancel | 12 |
arrête-la | cancel | |
annule toutes mes tâches | cancel | all |
suspends la tâche 12 | pause | 12 |
mets la tâche en pause | pause | |
reprends la tâche 12 | resume | 12 |
continue | resume | |
relance la tâche 12 | retry | 12 |
pourquoi ça n’avance pas ? | why | |
pourquoi la tâche 12 attend | why | 12 |
j'approuve | approve | |
approuvé, c'est bien | approve | | c'est bien
refusé, parce que trop cher | reject | | trop cher
préviens-moi quand la tâche 12 est finie | subscribe | 12 |
ne me parle plus de la tâche 12 | unsubscribe | 12 |
""",
}
ORDINARY = """
Statusbericht für letztes Jahr
halte die Stellung
brich mir nicht das Herz
warum ist die Banane krumm
setze dich
Rechnungsbericht für letzte Woche
die Warteschlange vor dem Kino ist lang
wie geht es deiner Mutter
отчёт по счетам за март
отмени подписку на журнал
почему небо голубое
продолжи рассказ о море
как дела у мамы
сообщи, когда приедет поезд
informe de facturas de marzo
cancela mi suscripción
para el lunes
por qué el cielo es azul
sigue las instrucciones del manual
cómo va tu madre
rapport de factures de mars
annule mon abonnement
pourquoi le ciel est bleu
continue ton histoire
refuse les cookies du site
où en est le monde
suis la route
"""


def rows() -> list[tuple[str, str, str, str, str]]:
    found = []
    for language, table in COMMANDS.items():
        for line in table.strip().splitlines():
            text, verb, numbers, comment, *_ = [*(cell.strip() for cell in line.split("|")), "", ""]
            if verb:
                found.append((language, text, verb, numbers, comment))
    return found


@pytest.mark.parametrize("locale", ["own", "en"])
@pytest.mark.parametrize(("language", "text", "verb", "numbers", "comment"), rows())
def test_command_is_recognised_whatever_the_locale(
    language: str, text: str, verb: str, numbers: str, comment: str, locale: str
) -> None:
    found = commands.recognise(message(text, locale=language if locale == "own" else locale, open_tasks=OPEN))
    assert found is not None
    ids = tuple(int(number) for number in numbers.split() if number.isdecimal())
    assert (found.verb, found.ids, found.is_all, found.comment) == (verb, ids, numbers == "all", comment)


@pytest.mark.parametrize("locale", ["en", "de", "ru", "es", "fr"])
@pytest.mark.parametrize("text", ORDINARY.strip().splitlines())
def test_ordinary_sentence_is_no_command_in_any_language(text: str, locale: str) -> None:
    found = commands.recognise(message(text, locale=locale, open_tasks=OPEN))
    assert found is None or found.words, found
    assert commands.read(message(text, locale=locale, open_tasks=OPEN)) is None
