"""English sentences for commands. Each pattern must match the whole message, so that ordinary sentences stay free.

`{task}` stands for what names a task: a number, "it", "my task" or words of an open task's title (group `task`).
"""

# Said around a command and without meaning for it.
_BEFORE = (
    "please|pls|hey|hi|hello|ok|okay|can you|could you|would you|will you|i want to|i'd like to|i would like to|now|and|"
    "just|kindly|let's|tell me|let me know"
)
POLITE = (
    rf"^(?:/|(?:{_BEFORE})\b)[\s,:]*",
    r"[\s,]*(?:\b(?:please|pls|now|for me|thanks|thank you|right now|immediately|asap)|[.!?])$",
)

TASK = r"(?P<task>.+?)"
_STATUS = r"(?:status|progress|state)"
_THE = r"(?:the |my |our |all |all my |all the )?"
_JOBS = r"(?:tasks?|jobs?|runs?)"
_SHOW = r"(?:show|list|check|get|display|give|what is|what's|see|view)(?: me| us)? "

_STANDS = (
    r"(?:running|run|waiting|started|starting|start|begun|moving|stuck|paused|blocked|queued|pending|progressing|going on|"
    r"working|finished|done|ready|held up|slow)"
)
_TELL = r"(?:notify|inform|message|ping|alert)"
_ENDED = r"(?:done|finished|ready|complete|completed|through|over|ended|failed)"
# A decision is on what stands before a comma or a "because"; what stands behind is its comment.
_DECIDED = r"(?P<task>(?!(?:because|since)\b)[^,:;]+?)"
_COMMENT = r"(?:\s*(?:[,:;]|\s[-–—])\s*(?:because |since )?(?P<comment>.+)|\s+(?:because|since) (?P<reason>.+))?"

COMMANDS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        "help",
        (
            r"help(?: me)?",
            r"commands?",
            r"menu",
            r"what (?:can|do) you do(?: for me)?",
            r"what can i (?:do|ask|say|start|run)(?: here)?",
            r"how does this work",
            rf"(?:{_SHOW})?{_THE}(?:commands|templates|help)",
            r"which templates are there",
        ),
    ),
    (
        "queue",
        (
            rf"(?:{_SHOW})?{_THE}(?:{_JOBS} )?queues?(?: {_STATUS}| length)?",
            rf"(?:{_SHOW})?{_THE}{_STATUS} of {_THE}(?:{_JOBS} )?queues?",
            rf"how (?:long|full|busy) (?:is|are) {_THE}(?:{_JOBS} )?queues?",
            rf"how(?:'s| is| are) {_THE}(?:{_JOBS} )?queues?(?: doing| going| looking)?",
            rf"how many {_JOBS} (?:are )?(?:waiting|queued|pending)",
            r"what(?:'s| is) (?:in the queue|waiting|queued)",
        ),
    ),
    (
        "list",
        (
            rf"(?:{_SHOW})?{_THE}(?:(?:running|open|active|current|pending|waiting|unfinished) )?(?:tasks|jobs|runs)",
            rf"(?:which|what) (?:tasks|jobs|runs) (?:are|do i have)(?: {_THE}?(?:running|open|active|pending|waiting))?",
            r"what(?:'s| is) (?:currently )?running",
            rf"{_SHOW}what(?:'s| is) running",
            r"(?:tasks|jobs|runs) list|list",
            rf"(?:{_SHOW})?mine",
        ),
    ),
    (
        "schedules",
        (
            rf"(?:{_SHOW})?{_THE}(?:schedules|drafts|drafts of schedules|(?:scheduled|recurring|repeated) {_JOBS})",
            r"(?:which|what) (?:schedules|drafts) (?:are there|do i have)",
            r"what(?:'s| is) (?:scheduled|repeated)",
        ),
    ),
    (
        "status",
        (
            rf"(?:{_SHOW})?{_THE}(?:{_JOBS} )?{_STATUS}",
            rf"(?:{_SHOW})?{_THE}(?:{_JOBS} )?{_STATUS} (?:of |for |on )?{TASK}",
            rf"(?:{_SHOW})?{_THE}{_JOBS} (?P<number>\d+) {_STATUS}",
            rf"how(?:'s| is| are| far is| far along is) {TASK}(?: going| doing| coming along| getting on| progressing| by now)?",
            rf"(?:is|are) {TASK} (?:done|finished|ready|running|complete|completed|through)(?: yet)?",
            rf"what(?:'s| is) {TASK} doing",
            rf"when (?:is|will) {TASK} (?:be )?(?:done|finished|ready|complete)",
            r"#(?P<number>\d+)",
            rf"{_JOBS} #?(?P<number>\d+)",
        ),
    ),
    (
        "retry",
        (
            rf"(?:retry|rerun|re-run|redo|restart|repeat)(?: {TASK})?",
            rf"(?:try|run|start|do) {TASK} again",
            r"try again",
        ),
    ),
    (
        "cancel",
        (
            rf"(?:cancel|stop|abort|kill|terminate|end)(?: {TASK})?",
            rf"i (?:don't|do not) (?:need|want) {TASK} any ?more",
        ),
    ),
    ("pause", (rf"(?:pause|hold|suspend|halt|freeze)(?: {TASK})?", rf"put (?:{TASK} )?on hold")),
    ("resume", (rf"(?:resume|continue|unpause|proceed|go on|carry on)(?: with)?(?: {TASK})?",)),
    (
        "why",
        (
            rf"why(?:'s| is| isn't| are| aren't| does| doesn't| won't| hasn't| has) {TASK} (?:not |still )*{_STANDS}(?: yet)?",
            rf"what(?:'s| is) {TASK} waiting for",
            rf"what(?:'s| is) (?:holding|blocking|keeping) (?:up )?{TASK}(?: up| back)?",
            r"why (?:is nothing happening|not|so slow)",
            rf"why {TASK}",
        ),
    ),
    ("approve", (rf"(?:i )?(?:approved?|accept)(?: {_DECIDED})?{_COMMENT}",)),
    ("reject", (rf"(?:i )?(?:reject(?:ed)?|decline|refuse|disapprove(?: of)?)(?: {_DECIDED})?{_COMMENT}",)),
    (
        "unsubscribe",
        (
            rf"(?:unsubscribe|unfollow|mute)(?: from)?(?: {TASK})?",
            rf"stop (?:telling|notifying|messaging|informing|updating) me(?: (?:about|of|on) {TASK})?",
        ),
    ),
    (
        "subscribe",
        (
            rf"(?:subscribe|follow|watch)(?: to)?(?: {TASK})?",
            rf"(?:{_TELL} me )?(?:when|once|as soon as) {TASK} (?:is|has|gets|was)(?: been)? {_ENDED}",
            rf"keep me (?:posted|updated|informed)(?: (?:on|about|of) {TASK})?",
        ),
    ),
)

# What may name the task that everybody has in mind, and what may stand before a number or a title.
_ONE = r"(?:the |my |our |that |this )?(?:last |current |running )?(?:task|job|run|one)"
PRONOUNS = rf"(?:it|that|this|them|things|{_ONE})"
ALL = (
    r"(?:all|everything|all of (?:them|it)|(?:all |all of )(?:the |my |our )?(?:open |running )?(?:tasks?|jobs?|runs?))"
)
BEFORE_NUMBER = r"(?:(?:the |my )?(?:tasks?|jobs?|runs?|number|no\.?|nr\.?|id)\s*)*#?\s*"
BETWEEN_NUMBERS = r"\s*(?:,|and|&|or)\s*#?"
BEFORE_TITLE = r"^(?:the|my|our|that|this)\s+|\s+(?:task|job|run)$"
