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

# Verbs that undo: a template that knows none of them is not meant.
UNDOING = "delete remove erase drop destroy cancel stop undo revert refund reject forget ignore"

# A sentence that begins so asks or forbids something; it does not order it.
NOT_AN_ORDER = (
    r"^(?:so |and |but |ok |well )?(?:why|whom|whose|when)\b",
    r"^(?:who|where) (?:is|was|were|did|has|had|does|made|wrote|sent|said|created)\b",
    r"^(?:many )?thank(?:s| you)\b",
    r"^(?:so |and |but |ok |well )?how (?:do|does|can|to|would|should|is|are|was|were|long|many)\b",
    r"^what (?:is|are|does|do) (?:a|an|the)?\s*\w+\s*(?:report|analysis|template|mean)?\s*\?*$",
    r"\b(?:do not|don't|dont|doesn't|never|no need to|shouldn't|should not|can't|cannot|won't)\b",
)

# A sentence that begins so wants something made.
A_REQUEST = (
    r"^(?:(?:hi|hey|hello|ok|okay|now|and|also|please|pls|kindly)[\s,]+)*"
    r"(?:(?:could|can|would|will) (?:you|i|we)|i (?:need|want|would like)|i'd like|we need|let me (?:have|see)|let us have|"
    r"give|show|get|make|create|generate|produce|prepare|build|run|compile|draw up|provide|write|start|do)\b"
)

# Everyday sentences of offices, none of them a request for a report: how common words are, and what is nobody's.
BACKGROUND = """
what is the weather like tomorrow
tell me a joke
book a table for two at eight
play some music
set an alarm for six in the morning
remind me to call the dentist
who won the match last night
translate this word into french
write a poem about the sea
what time is it in tokyo
order a pizza with extra cheese
turn off the lights in the office
send an email to the whole team
schedule a meeting with the lawyer
where is the nearest station
how do i reset my password
my computer does not start
please fix the printer on the second floor
add milk to the shopping list
what does this error message mean
open the settings page
log me out
change my profile picture
delete the old files from the shared folder
upload the contract to the archive
who is on holiday this week
i would like to take a day off
approve the vacation request
the customer called about a refund
pay the supplier by bank transfer
refund the last payment
create a new user account
add a new client to the database
change the address of the customer
update the phone number
the invoice has a wrong address
send the invoice to the customer by post
print two copies of the contract
the delivery is late again
track the parcel
what is our vat number
how many employees do we have
call the tax office
the meeting has moved to the big room
thanks for your help
good morning everybody
see you on monday
that is great news
i do not understand
can you help me
what can you do
never mind
yes please
no thank you
let us talk about the budget tomorrow
did you see the game
the server is down
restart the service
run the backup tonight
deploy the new version
install the update
write a report about the accident
file a bug
review the code of my colleague
merge the branch
generate a random password
generate a picture of a cat
create a folder for photos
create a presentation for the board
analyze this image
process my order
make me a sandwich
check the spelling of this text
summarize this article
find a flight to berlin
compare two phones
calculate the square root of nine
convert dollars to euros
show me pictures of the party
give me directions home
list all files in the folder
search for a good restaurant
draw a map of the city
prepare coffee for the guests
build a website
produce a video for the fair
get me the phone number of the bank
report the theft to the police
the report was too long
the analysis is wrong
our clients are happy
revenue is not everything
the accounts department is closed
review the portfolio of the photographer
the service at the hotel was bad
messages from my mother
"""


def _same() -> dict[str, str]:
    return {word: meaning for meaning, words in SAME.items() for word in words.split()}


VOCABULARY = Vocabulary(
    empty=frozenset(EMPTY.split()),
    same=_same(),
    undoing=frozenset(UNDOING.split()),
    not_an_order=NOT_AN_ORDER,
    a_request=A_REQUEST,
    background=tuple(BACKGROUND.strip().splitlines()),
    endings=(("ies", "y"), ("sses", "ss"), ("xes", "x"), ("ing", ""), ("ed", ""), ("s", "")),
    unchanged=("ss", "us", "is", "eed", "thing"),
)
