"""English words for matching: tables only."""

from apps.language.matching.words import Vocabulary

# Words that say that something is wanted, or nothing: they tell no two templates apart.
EMPTY = """
a an the of for to in on at by with from and or as is are was were be been it its this that these those there here
i me my we us our you your he she they them their one
please pls kindly hey hi hello thanks thank ok okay now just also again too very really quick quickly asap today
can could would will shall should may might must do does did have has had
need want like let get give show make create generate produce prepare build run compile draw provide start launch begin
see write new some any all each every both more much many lot out up about into over per me's i'd i'm let's what's figure figures
"""

# Different words for the same thing in business talk.
SAME = {
    "analysis": "analyse analyze analyses analyzing analysing analytics analytical",
    "client": "customer",
    "invoice": "bill billing invoicing",
    "report": "reporting",
    "overview": "summary summarize summarise",
    "revenue": "turnover",
    "overdue": "unpaid outstanding arrears",
    "translation": "translate translating translated",
    "utilization": "utilisation usage",
    "process": "processing",
    "message": "msg",
}


def _same() -> dict[str, str]:
    return {word: meaning for meaning, words in SAME.items() for word in words.split()}


VOCABULARY = Vocabulary(
    empty=frozenset(EMPTY.split()),
    same=_same(),
    endings=(("ies", "y"), ("sses", "ss"), ("xes", "x"), ("ing", ""), ("ed", ""), ("s", "")),
    unchanged=("ss", "us", "is", "eed", "thing"),
)
