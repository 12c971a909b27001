"""English words of conversations: tables only."""

from apps.language.conversation.words import Words

_DAYS = r"(?:mon|tues|wednes|thurs|fri|satur|sun)day"
_TIME = r"(?:\d{1,2}(?:[:.]\d\d)?\s*(?:[ap]\.?m\b\.?|o'?clock)?|noon|midnight|midday)(?: in the (?:morning|evening|afternoon))?"
_UNIT = rf"(?:{_DAYS}|day|weekday|workday|morning|afternoon|evening|night|hour|week|month|quarter|year)s?"
_AT = rf"(?:,?\s*(?:at|around|by)\s+{_TIME})"
_NTH = rf"(?:first|last|\d{{1,2}}(?:st|nd|rd|th)?)(?:\s+(?:day|{_DAYS}))?(?:\s+of\s+(?:the|each|every)\s+month)?"
_ON = rf"(?:,?\s*on\s+(?:the\s+)?(?:{_DAYS}s?|{_NTH}))"
_FILLERS = """
a an the and or but for of in on to as with without only just also too now then please instead this that these those it one
ones same again once more time thing do make run give me us i we want need show what how about not no yes from at by all is
be use using my our can could you would like version format set change
"""

WORDS = Words(
    yes=(
        "yes", "y", "yep", "yeah", "yup", "sure", "ok", "okay", "correct", "right", "exactly", "confirm", "confirmed",
        "do it", "yes do it", "go", "fine", "perfect", "agreed", "of course", "that's right", "that is right", "looks good",
        "yes please", "sounds good", "please do", "all right", "alright",
    ),
    no=("no", "n", "nope", "not this", "wrong", "no thanks", "no thank you", "don't", "do not", "rather not", "better not"),
    start=(
        "start", "start it", "go ahead", "run", "run it", "begin", "go on", "launch", "start now", "yes start", "keep it",
        "keep the draft", "send it", "just do it",
    ),
    forget=(
        "forget it", "forget that", "never mind", "nevermind", "cancel", "cancel it", "cancel that", "stop", "stop it",
        "abort", "leave it", "drop it", "quit", "exit", "no forget it", "forget about it", "scrap that", "let it be",
    ),
    change=("change", "change it", "change something", "edit", "modify", "change that", "something else", "adjust"),
    none=("none", "none of these", "none of them", "neither", "none of those", "no none", "other", "another"),
    more=("more", "show more", "next", "go on", "continue", "next page", "the rest"),
    hello=("hello", "hi", "hey", "hi there", "hello there", "good morning", "good afternoon", "good evening", "good day"),
    thanks=("thanks", "thank you", "thx", "thanks a lot", "many thanks", "thank you very much", "great thanks", "ok thanks"),
    who=(
        "who are you", "what are you", "are you a bot", "are you a robot", "are you human",
        "what is your name", "what's your name",
    ),
    please=("please", "pls", "just", "then", "so", "now"),
    both=(
        "both", "both of them", "both please", "both of these", "yes both", "the two", "the two of them", "all",
        "all of them", "all three", "all of these", "each of them", "every one of them",
    ),
    reason=(
        "why this one", "why these", "why that one", "why this template", "why that template", "why did you choose that",
        "why did you choose this", "why did you choose that one", "why did you choose this one",
        "why did you pick that", "why did you pick this", "why did you pick this one", "why did you take that",
        "why did you take this one", "how did you understand that", "how did you understand this",
        "how did you understand me", "how did you get that", "how did you get there", "how do you know",
        "what made you think that", "what did you understand", "explain your choice", "explain that",
        "why this choice", "why do you think so",
    ),
    denial=(
        r"(?:(?:no|nope|wrong|sorry|oops|wait|actually|correction)\b[\s,.!:;–-]*)*"
        r"(?:(?:i mean|i meant|i said|make it|make that|change (?:it|that) to|rather|it should be|it is|it's|that's|instead)\b"
        r"[\s,:]*)?"
    ),
    instead=(
        r"not (?P<old>[^,]+?)\s*(?:,\s*(?:but\s+)?|\s+but\s+|\s*[–-]\s+)(?P<new>.+)",
        r"(?P<new>[^,]+?),?\s+(?:not|instead of|rather than)\s+(?P<old>.+)",
        r"(?:replace|change)\s+(?P<old>.+?)\s+(?:by|with|to|into)\s+(?P<new>.+)",
    ),
    same=(
        r"(?:(?:now |and |do |run |make |start |give me |show me |please )*(?:exactly )?(?:the )?same(?: thing| one| again)?"
        r"|(?:once )?again|once more|one more|another one|likewise|ditto|repeat (?:it|that|this))\b"
    ),
    also=r"(?:and|also|plus|only|just|but|now|then|what about|how about|instead|as well as|as|with|without|in|for|this time)\b",
    then=r"[\s,.]*\b(?:and then|then|and after that|after that|afterwards|and afterwards|and finally|finally)\b[\s,:]*",
    both_of=r"[\s,]+(?:and)\s+",
    fillers=frozenset(_FILLERS.split()),
    rule=(
        rf"(?<!for )(?<!of )(?<!in )(?<!by )\b(?:every|each)\s+"
        rf"(?:(?:other|second|third|first|last|\d{{1,3}}(?:st|nd|rd|th)?)\s+)?"
        rf"{_UNIT}(?:(?:,|\s+and|,\s*and)\s+{_DAYS}s?)*(?:\s+(?:morning|afternoon|evening|night))?"
        rf"(?:\s+of\s+(?:the|each)\s+(?:month|quarter|year))?{_ON}?{_AT}?"
        rf"|\bat\s+{_TIME}\s+(?:every|each)\s+{_UNIT}"
        rf"|\b(?:hourly|daily|weekly|monthly|quarterly|yearly)(?:{_ON}{_AT}?|{_AT})"
        rf"|\bon\s+(?:{_DAYS}s|weekdays|workdays|weekends)(?:\s+and\s+{_DAYS}s)?{_AT}?"
        rf"|\bon\s+the\s+(?:first|last|\d{{1,2}}(?:st|nd|rd|th))\s+(?:day\s+)?of\s+(?:every|each)\s+(?:month|quarter|year){_AT}?"
        rf"|\bonce\s+(?:a|per)\s+(?:day|week|month|quarter|year){_ON}?{_AT}?"
    ),
)  # fmt: skip
