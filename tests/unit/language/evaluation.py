"""Sentences with the template that a person would expect, for choosing constants and for watching them.

All sentences are the author's own. The constants were chosen on IN_SCOPE and OUT_OF_SCOPE, so their figures flatter;
HELD_OUT was written afterwards and no constant was chosen on it (one rule was changed after a wrong start in it); it is
still one person's English.
Prints its figures: `python -m tests.unit.language.evaluation`.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime

from apps.language.contract import Interpretation, Message, TemplateCard
from apps.language.matching.deciding import ASK
from apps.language.understanding import understand

PERIOD = {
    "type": "object",
    "properties": {"start": {"type": "string", "format": "date"}, "end": {"type": "string", "format": "date"}},
    "required": ["start", "end"],
}
INVOICES = TemplateCard(
    key="invoice_report_v2",
    name="Invoice report",
    description="Analyses invoices of a period: revenue, overdue accounts, clients, services; PDF, JSON and CSV.",
    category="financial reporting",
    patterns=[r"\binvoice (report|analysis)\b", r"\b(revenue|overdue)\b.*\b(report|analysis)\b"],
    keywords=["invoice", "report", "revenue", "overdue"],
    contexts=["finance", "accounting"],
    examples=[
        "generate invoice report",
        "generate the invoice report for last year",
        "revenue analysis report",
        "overdue accounts analysis",
        "service utilization report",
        "which invoices are overdue",
        "how much revenue did we make last quarter",
        "financial report with revenue by month",
        "summary of unpaid invoices",
        "invoice analysis with charts",
    ],
    parameter_schema={
        "type": "object",
        "properties": {
            "period": PERIOD,
            "clientFilters": {
                "type": "array",
                "items": {"type": "string", "enum": ["active", "inactive", "prospect"]},
                "default": ["active"],
            },
            "includeServices": {"type": "boolean", "default": True},
            "outputFormat": {
                "type": "string",
                "enum": ["summary", "detailed", "executive"],
                "default": "detailed",
                "x-synonyms": {"executive": ["executive summary", "for the board"], "summary": ["short", "brief"]},
            },
        },
        "required": ["period"],
    },
)
CLIENTS = TemplateCard(
    key="client_analysis_v1",
    name="Client analysis",
    description="Ranks the clients of a segment by payments, trend and risk.",
    category="client management",
    patterns=[r"\bclient (analysis|portfolio)\b"],
    keywords=["client", "analysis", "portfolio"],
    contexts=["sales", "crm"],
    examples=[
        "create client analysis",
        "analyze all clients",
        "client portfolio review",
        "which customers are risky",
        "rank our customers by payment behaviour",
        "customer segmentation and trend",
        "how do our clients pay",
        "review the customer base",
    ],
    parameter_schema={
        "type": "object",
        "properties": {"segment": {"type": "string", "enum": ["active", "inactive", "all"]}},
    },
)
TRANSLATION = TemplateCard(
    key="bulk_translation_v1",
    name="Bulk translation",
    description="Translates messages into several languages with a glossary.",
    category="translation",
    patterns=[r"\b(bulk )?translate\b.*\bmessages\b"],
    keywords=["translate", "messages", "languages"],
    contexts=["localisation"],
    examples=[
        "bulk translate messages",
        "translate the messages into german and french",
        "translate all ui texts",
        "localize the product texts into eight languages",
        "translation of the message catalogue",
    ],
    parameter_schema={"type": "object", "properties": {}},
)
MAP = TemplateCard(
    key="kml_generator_v1",
    name="KML generator",
    description="Writes a map file with the locations of clients.",
    category="general",
    patterns=[r"\bkml\b"],
    keywords=["kml", "map", "locations"],
    contexts=["maps"],
    examples=[
        "generate kml of our clients",
        "put the clients on a map",
        "export client locations for google earth",
        "map file with all customers",
    ],
    parameter_schema={"type": "object", "properties": {}},
)
CARDS = (INVOICES, CLIENTS, TRANSLATION, MAP)

IN_SCOPE = {
    "invoice_report_v2": """
Generate the invoice report for last year
generate invoice report
I need an invoice report for Q3 2024
please create the invoice report of March for active clients without services
can you make me a detailed invoice report for 2025?
genrate the invoce reprot for last month
invoice report 2024
Invoices report, last quarter, executive summary
revenue analysis report
revenue report for H1 2025
give me a revenue analysis for last year
overdue accounts analysis
which invoices were overdue last month?
show all unpaid invoices since 1 Feb 2024
overdue invoices report please
service utilization report
service utilisation report for last quarter
how much revenue did we make in 2025
how much turnover did we have in Q2 2025?
financial report for the first half of 2025
build a financial report with revenue by month for 2024
report on outstanding invoices, year to date
prepare the billing report for last year
invoice analysis from March to May
summary of invoices for last week
I would like to see the revenue by month for 2025
monthly revenue report
analyse the invoices of last year
need figures on unpaid bills for October
our revenue last year with charts
could I get the invoices for last month summarised
I want to know what we billed in 2024
please run the revenue numbers for Q2
make a report on overdue payments
which customers still owe us money
turnover by month, last year
Invoice statistics for the first half of 2025
let me have a report of all invoices issued since January
financial report please
late payments report for this quarter
how did our services sell last year
bill overview for May
receivables report
give me the yearly invoice report
quarterly revenue report for 2024
""",
    "client_analysis_v1": """
create client analysis
analyze all clients
client portfolio review
customer analysis for active customers
do a client analysis please
which customers are risky?
rank clients by payment behaviour
analyse our customers
review of the client portfolio
clent analysis
how do our customers pay
customer segmentation
risk analysis of our clients
portfolio review of all customers
who are our best customers
analyse the client base
give me an overview of client risk
customer portfolio analysis
evaluate our clients' payment habits
which clients pay late
client ranking
do a risk review of inactive customers
""",
    "bulk_translation_v1": """
bulk translate messages
translate all messages to German
translate these messages into eight languages
please translate the product texts into french
bulk translation of messages
localize the ui texts
transalte the messages
translation of all ui messages to Spanish
I need all messages in Spanish and Italian
translate the whole catalogue
translate our interface texts to Polish
mass translation please
please have the product descriptions translated
""",
    "kml_generator_v1": """
generate kml
create a kml file of our clients
put all customers on a map
map of client locations
export the clients to google earth
show clients on a map
KML with active clients
where are our customers located, as a map
make a google earth file
plot client locations
kml export
geographic map of clients
""",
}
OUT_OF_SCOPE = """
what is the weather like in Berlin
tell me a joke about accountants
write a poem about invoices
send the invoice to Acme
send an invoice to the customer
delete all invoices
do not generate the invoice report
don't create any report
how do I create a template?
how do I generate an invoice report?
why was the invoice report late
what is an invoice report?
who made the report yesterday
cancel my subscription
book a flight to Paris for Monday
order new paper for the printer
pay invoice 2024 to Acme
the invoice is wrong
the client called again
call the client
add a new client
change the address of client 12
meeting with the client on Monday
generate a password
create a new user
create a ticket for the printer
generate a picture of a map
where is the map of the office
draw a map of Spain
translate hello into french
what does Rechnung mean in English
how many clients does a lawyer need
remind me about the report tomorrow
print the report
upload the report to the archive
read the report to me
I liked your report
the analysis was great, thanks
book a table for analysis group
is the service down?
restart the service
the message was not sent
send a message to Bob
open my messages
log me out
hello
good morning
thanks
ok
yes
no, thank you
you may go now
let us march on
this is taking too long
can you hear me
I am on holiday next week
approve the vacation request for March
what time is it
play some music
generate a random number
review my code
prepare lunch
export my contacts to the phone
import the price list
forecast sales for next year
hire a new accountant
what's for lunch today
who is the CEO of Acme
forward this invoice to my boss
did the client sign the contract
I lost the invoice
the report is on your desk
translate this sentence please
I need a new laptop
how much is 5 euros in dollars
schedule the report meeting for Monday
remove the client from the list
mark invoice 12 as paid
upload a new price list
can you call me a taxi
what is the revenue of Apple
why do clients leave us
show me a map of Rome
thank you for the report
set a reminder for the tax return
write an email to the client about the delay
is there a message for me
send birthday wishes to all customers
do you speak German
buy stamps
we should analyse this later
""".strip().splitlines()

HELD_OUT = """
invoice_report_v2 | Please generate an invoice report for the last two quarters
invoice_report_v2 | we need the revenue figures of October
invoice_report_v2 | what did we invoice in March?
invoice_report_v2 | list of unpaid invoices older than 2025
invoice_report_v2 | put together a revenue report for the board, 2025
invoice_report_v2 | invoicing overview H1
invoice_report_v2 | how much money did we earn last month
invoice_report_v2 | report: overdue accounts
invoice_report_v2 | I'd like an analysis of our sales invoices
invoice_report_v2 | financial overview for this year so far
invoice_report_v2 | invoices and services of last year as a report
invoice_report_v2 | usage of services per month in 2025
client_analysis_v1 | Please analyse our client portfolio
client_analysis_v1 | rank the customers
client_analysis_v1 | client risk analysis for the inactive ones
client_analysis_v1 | show me how customers pay
client_analysis_v1 | segment our clients
client_analysis_v1 | which clients are a risk for us?
client_analysis_v1 | review all clients
bulk_translation_v1 | translate everything into Spanish
bulk_translation_v1 | I want the messages translated to Dutch
bulk_translation_v1 | bulk translate the texts of the product
bulk_translation_v1 | message translation for the new release
kml_generator_v1 | draw our clients on a map
kml_generator_v1 | I need a map with the locations of customers
kml_generator_v1 | kml file please
kml_generator_v1 | export locations to google earth
- | can you check the printer
- | how do I export a map from my phone
- | the client wants a discount
- | who wrote the invoice report
- | please sign the invoice
- | translate "good morning"
- | the messages are late
- | do we have a client called Smith
- | pay the invoice of last month
- | rent a car for next week
- | email the report to Bob
- | what is my next meeting
- | show me the way to the office
- | create a backup of the database
- | write a song for my client
- | is our revenue a secret
- | correct the invoice of 5 March
- | forget about the report
- | play the analysis video
- | my phone has no map
- | close the account of client 7
- | review my essay
- | where is the review of the film
"""


def held_out() -> list[tuple[str, str | None]]:
    rows = [line.split(" | ", 1) for line in HELD_OUT.strip().splitlines()]
    return [(text, None if key == "-" else key) for key, text in rows]


def message(text: str, **changes: object) -> Message:
    values: dict[str, object] = {"today": date(2026, 11, 21), "now": datetime(2026, 11, 21, 9, tzinfo=UTC)}
    return Message(text=text, **{**values, **changes})  # type: ignore[arg-type]


def expected() -> list[tuple[str, str | None]]:
    wanted: list[tuple[str, str | None]] = [
        (text, key) for key, texts in IN_SCOPE.items() for text in texts.strip().splitlines()
    ]
    return wanted + [(text, None) for text in OUT_OF_SCOPE]


def figures(sentences: Sequence[tuple[str, str | None]], cards: Sequence[TemplateCard] = CARDS) -> dict[str, float]:
    """Shares: started right, asked with the right one among those shown, started wrong; out of scope left alone."""
    results = [(key, understand(message(text), cards)) for text, key in sentences]
    inside = [(key, result) for key, result in results if key]
    outside = [result for key, result in results if key is None]
    alone = [result for result in outside if result.template_key is None]
    return {
        "in scope": len(inside),
        "started right": sum(result.template_key == key for key, result in inside) / len(inside),
        "asked, right one shown": sum(_is_shown(key, result) for key, result in inside) / len(inside),
        "started wrong": sum(result.template_key not in (None, key) for key, result in inside) / len(inside),
        "out of scope": len(outside),
        "left alone": len(alone) / len(outside),
        "of these asked back": sum(result.confidence >= ASK for result in alone) / len(outside),
    }


def _is_shown(key: str, result: Interpretation) -> bool:
    """Asked, and not merely listed among all that can be done."""
    return (
        result.template_key is None
        and result.confidence >= ASK
        and key in [candidate.key for candidate in result.runner_ups]
    )


if __name__ == "__main__":
    for title, sentences in (("development", expected()), ("held out", held_out())):
        print(title)
        for name, value in figures(sentences).items():
            print(f"  {name:26} {value:.1%}" if value <= 1 else f"  {name:26} {value:.0f}")
        for text, key in sentences:
            result = understand(message(text), CARDS)
            if result.template_key != key:
                print(f"    {text!r}: {key} expected, {result.template_key} ({result.confidence})")
