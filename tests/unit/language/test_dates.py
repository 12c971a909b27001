"""Phrases with the days a person would take them for, on Saturday 2026-11-21. Written from the plain meaning first."""

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.language.dates import Context, find
from apps.language.dates.english import MONTHS, PHRASES, SINGLE, WEEKDAYS

TODAY = date(2026, 11, 21)
CONTEXT = Context(today=TODAY)

# phrase | first day | last day (both inclusive; "-" where the beginning is open)
PERIODS = """
last year | 2025-01-01 | 2025-12-31
this year | 2026-01-01 | 2026-12-31
next year | 2027-01-01 | 2027-12-31
the previous year | 2025-01-01 | 2025-12-31
the current year | 2026-01-01 | 2026-12-31
the year before last | 2024-01-01 | 2024-12-31
last month | 2026-10-01 | 2026-10-31
this month | 2026-11-01 | 2026-11-30
the current month | 2026-11-01 | 2026-11-30
next month | 2026-12-01 | 2026-12-31
the month before last | 2026-09-01 | 2026-09-30
last quarter | 2026-07-01 | 2026-09-30
previous quarter | 2026-07-01 | 2026-09-30
this quarter | 2026-10-01 | 2026-12-31
next quarter | 2027-01-01 | 2027-03-31
last week | 2026-11-09 | 2026-11-15
this week | 2026-11-16 | 2026-11-22
next week | 2026-11-23 | 2026-11-29
last weekend | 2026-11-14 | 2026-11-15
this weekend | 2026-11-21 | 2026-11-22
last half year | 2026-01-01 | 2026-06-30
today | 2026-11-21 | 2026-11-21
yesterday | 2026-11-20 | 2026-11-20
tomorrow | 2026-11-22 | 2026-11-22
the day before yesterday | 2026-11-19 | 2026-11-19
the day after tomorrow | 2026-11-23 | 2026-11-23
last 7 days | 2026-11-15 | 2026-11-21
the past 30 days | 2026-10-23 | 2026-11-21
the last seven days | 2026-11-15 | 2026-11-21
next 7 days | 2026-11-22 | 2026-11-28
past 3 months | 2026-08-01 | 2026-10-31
the last three months | 2026-08-01 | 2026-10-31
the last 6 months | 2026-05-01 | 2026-10-31
the last 2 weeks | 2026-11-02 | 2026-11-15
the last two quarters | 2026-04-01 | 2026-09-30
the last 3 years | 2023-01-01 | 2025-12-31
the previous 12 months | 2025-11-01 | 2026-10-31
the next 2 months | 2026-12-01 | 2027-01-31
rolling 12 months | 2025-11-22 | 2026-11-21
trailing twelve months | 2025-11-22 | 2026-11-21
the last couple of months | 2026-09-01 | 2026-10-31
2024 | 2024-01-01 | 2024-12-31
in 2024 | 2024-01-01 | 2024-12-31
the year 2023 | 2023-01-01 | 2023-12-31
calendar year 2023 | 2023-01-01 | 2023-12-31
all of 2022 | 2022-01-01 | 2022-12-31
during 1999 | 1999-01-01 | 1999-12-31
Q3 2024 | 2024-07-01 | 2024-09-30
q3 2024 | 2024-07-01 | 2024-09-30
Q3/2024 | 2024-07-01 | 2024-09-30
Q3-2024 | 2024-07-01 | 2024-09-30
2024 Q3 | 2024-07-01 | 2024-09-30
2024-Q3 | 2024-07-01 | 2024-09-30
3Q 2024 | 2024-07-01 | 2024-09-30
Q4 '24 | 2024-10-01 | 2024-12-31
Q1 of 2025 | 2025-01-01 | 2025-03-31
the third quarter of 2024 | 2024-07-01 | 2024-09-30
1st quarter 2025 | 2025-01-01 | 2025-03-31
quarter 2 2025 | 2025-04-01 | 2025-06-30
second quarter of last year | 2025-04-01 | 2025-06-30
Q3 last year | 2025-07-01 | 2025-09-30
Q3 of last year | 2025-07-01 | 2025-09-30
last year's Q3 | 2025-07-01 | 2025-09-30
Q2 this year | 2026-04-01 | 2026-06-30
Q1 | 2026-01-01 | 2026-03-31
the second quarter | 2026-04-01 | 2026-06-30
Q1 to Q3 2025 | 2025-01-01 | 2025-09-30
Q1-Q3 2025 | 2025-01-01 | 2025-09-30
Q3 2024 to Q1 2025 | 2024-07-01 | 2025-03-31
from Q3 to Q1 2025 | 2024-07-01 | 2025-03-31
Q1 and Q2 2025 | 2025-01-01 | 2025-06-30
H2 2024 | 2024-07-01 | 2024-12-31
H1 2025 | 2025-01-01 | 2025-06-30
the first half of 2025 | 2025-01-01 | 2025-06-30
second half of 2025 | 2025-07-01 | 2025-12-31
first half of last year | 2025-01-01 | 2025-06-30
the first half of this year | 2026-01-01 | 2026-06-30
the first half of the year | 2026-01-01 | 2026-06-30
first half of March 2025 | 2025-03-01 | 2025-03-15
second half of last month | 2026-10-16 | 2026-10-31
the last quarter of 2024 | 2024-10-01 | 2024-12-31
the first month of 2025 | 2025-01-01 | 2025-01-31
the last month of last year | 2025-12-01 | 2025-12-31
first 3 months of 2025 | 2025-01-01 | 2025-03-31
the last 3 months of 2025 | 2025-10-01 | 2025-12-31
the last day of March 2025 | 2025-03-31 | 2025-03-31
the first week of 2025 | 2024-12-30 | 2025-01-05
March 2024 | 2024-03-01 | 2024-03-31
march 2024 | 2024-03-01 | 2024-03-31
may 2024 | 2024-05-01 | 2024-05-31
Mar 2024 | 2024-03-01 | 2024-03-31
Sept 2025 | 2025-09-01 | 2025-09-30
February of 2024 | 2024-02-01 | 2024-02-29
2024 March | 2024-03-01 | 2024-03-31
03/2024 | 2024-03-01 | 2024-03-31
2024-03 | 2024-03-01 | 2024-03-31
March, 2024 | 2024-03-01 | 2024-03-31
in March | 2026-03-01 | 2026-03-31
in may | 2026-05-01 | 2026-05-31
in December | 2025-12-01 | 2025-12-31
in November | 2026-11-01 | 2026-11-30
March | 2026-03-01 | 2026-03-31
last March | 2026-03-01 | 2026-03-31
last December | 2025-12-01 | 2025-12-31
next March | 2027-03-01 | 2027-03-31
this March | 2026-03-01 | 2026-03-31
March last year | 2025-03-01 | 2025-03-31
March of last year | 2025-03-01 | 2025-03-31
last year in March | 2025-03-01 | 2025-03-31
March this year | 2026-03-01 | 2026-03-31
the month of March | 2026-03-01 | 2026-03-31
from March to May | 2026-03-01 | 2026-05-31
March to May 2024 | 2024-03-01 | 2024-05-31
March-May 2024 | 2024-03-01 | 2024-05-31
Jan-Mar 2025 | 2025-01-01 | 2025-03-31
March 2024 - May 2024 | 2024-03-01 | 2024-05-31
March 2024 – May 2024 | 2024-03-01 | 2024-05-31
from November 2024 through February 2025 | 2024-11-01 | 2025-02-28
December to February 2025 | 2024-12-01 | 2025-02-28
between March and May 2025 | 2025-03-01 | 2025-05-31
from November to January | 2025-11-01 | 2026-01-31
January and February 2025 | 2025-01-01 | 2025-02-28
April through June of 2025 | 2025-04-01 | 2025-06-30
from March 2025 until the end of May 2025 | 2025-03-01 | 2025-05-31
from the beginning of 2024 to the end of March 2025 | 2024-01-01 | 2025-03-31
2022-2024 | 2022-01-01 | 2024-12-31
2022 to 2024 | 2022-01-01 | 2024-12-31
from 2022 to 2024 | 2022-01-01 | 2024-12-31
between 2022 and 2024 | 2022-01-01 | 2024-12-31
2023 and 2024 | 2023-01-01 | 2024-12-31
5 March 2025 | 2025-03-05 | 2025-03-05
March 5, 2025 | 2025-03-05 | 2025-03-05
March 5th 2025 | 2025-03-05 | 2025-03-05
the 5th of March 2025 | 2025-03-05 | 2025-03-05
5 Mar 2025 | 2025-03-05 | 2025-03-05
on 5 March | 2026-03-05 | 2026-03-05
on 24 December | 2025-12-24 | 2025-12-24
Friday, 13 March 2026 | 2026-03-13 | 2026-03-13
29 February | 2024-02-29 | 2024-02-29
2025-03-05 | 2025-03-05 | 2025-03-05
2025/03/05 | 2025-03-05 | 2025-03-05
5.3.2025 | 2025-03-05 | 2025-03-05
25/03/2025 | 2025-03-25 | 2025-03-25
03/25/2025 | 2025-03-25 | 2025-03-25
between 5 and 12 March 2025 | 2025-03-05 | 2025-03-12
from 5 to 12 March 2025 | 2025-03-05 | 2025-03-12
5-12 March 2025 | 2025-03-05 | 2025-03-12
5th to 12th of March | 2026-03-05 | 2026-03-12
March 5-12, 2025 | 2025-03-05 | 2025-03-12
March 5 to 12 2025 | 2025-03-05 | 2025-03-12
between 1 March 2025 and 31 May 2025 | 2025-03-01 | 2025-05-31
1 Jan - 31 Mar 2025 | 2025-01-01 | 2025-03-31
from 1 January to 15 February | 2026-01-01 | 2026-02-15
15 December to 15 January 2025 | 2024-12-15 | 2025-01-15
2024-01-01 to 2024-03-31 | 2024-01-01 | 2024-03-31
2024-01-01 - 2024-03-31 | 2024-01-01 | 2024-03-31
01.01.2025 - 31.03.2025 | 2025-01-01 | 2025-03-31
from 2025-02-01 until 2025-02-14 | 2025-02-01 | 2025-02-14
from yesterday to tomorrow | 2026-11-20 | 2026-11-22
since 1 Feb 2024 | 2024-02-01 | 2026-11-21
since March | 2026-03-01 | 2026-11-21
since last month | 2026-10-01 | 2026-11-21
since yesterday | 2026-11-20 | 2026-11-21
since 2023 | 2023-01-01 | 2026-11-21
since the beginning of the year | 2026-01-01 | 2026-11-21
since Q3 2025 | 2025-07-01 | 2026-11-21
from 1 March 2026 onwards | 2026-03-01 | 2026-11-21
from March 2026 onwards | 2026-03-01 | 2026-11-21
after March 2026 | 2026-04-01 | 2026-11-21
after 5 March 2026 | 2026-03-06 | 2026-11-21
until end of June | - | 2026-06-30
until the end of last month | - | 2026-10-31
till yesterday | - | 2026-11-20
before March 2025 | - | 2025-02-28
before 2024 | - | 2023-12-31
up to 31 March 2025 | - | 2025-03-31
as of 30 June 2025 | - | 2025-06-30
year to date | 2026-01-01 | 2026-11-21
YTD | 2026-01-01 | 2026-11-21
year-to-date | 2026-01-01 | 2026-11-21
month to date | 2026-11-01 | 2026-11-21
quarter to date | 2026-10-01 | 2026-11-21
week to date | 2026-11-16 | 2026-11-21
this year so far | 2026-01-01 | 2026-11-21
so far this month | 2026-11-01 | 2026-11-21
2026 to date | 2026-01-01 | 2026-11-21
from March to date | 2026-03-01 | 2026-11-21
from 1 March 2026 until now | 2026-03-01 | 2026-11-21
year ended 31 March 2025 | 2024-04-01 | 2025-03-31
quarter ending June 2025 | 2025-04-01 | 2025-06-30
12 months to March 2025 | 2024-04-01 | 2025-03-31
three months ended 30 June 2025 | 2025-04-01 | 2025-06-30
FY25 | 2025-01-01 | 2025-12-31
FY 2025 | 2025-01-01 | 2025-12-31
fiscal year 2025 | 2025-01-01 | 2025-12-31
last fiscal year | 2025-01-01 | 2025-12-31
week 12 of 2025 | 2025-03-17 | 2025-03-23
CW 12 2025 | 2025-03-17 | 2025-03-23
week 45 | 2026-11-02 | 2026-11-08
the week of 3 March 2025 | 2025-03-03 | 2025-03-09
3 days ago | 2026-11-18 | 2026-11-18
two weeks ago | 2026-11-02 | 2026-11-08
2 months ago | 2026-09-01 | 2026-09-30
three years ago | 2023-01-01 | 2023-12-31
a year ago | 2025-01-01 | 2025-12-31
last Friday | 2026-11-20 | 2026-11-20
next Friday | 2026-11-27 | 2026-11-27
on Monday | 2026-11-16 | 2026-11-16
mid-March 2025 | 2025-03-11 | 2025-03-20
early March 2025 | 2025-03-01 | 2025-03-10
end of March 2025 | 2025-03-21 | 2025-03-31
01/01/2025-31/03/2025 | 2025-01-01 | 2025-03-31
for Q1, Q2 and Q3 2025 | 2025-01-01 | 2025-09-30
for 2023, 2024 and 2025 | 2023-01-01 | 2025-12-31
last 12 months ending September 2026 | 2025-10-01 | 2026-09-30
the summer of 2025 | 2025-06-01 | 2025-08-31
winter 2024 | 2024-12-01 | 2025-02-28
Mar-25 | 2025-03-01 | 2025-03-31
from the start of last year | 2025-01-01 | 2026-11-21
from the start of the year until yesterday | 2026-01-01 | 2026-11-20
week 45/2025 | 2025-11-03 | 2025-11-09
on 2025-03-01T00:00:00Z | 2025-03-01 | 2025-03-01
in Q4 of the previous year | 2025-10-01 | 2025-12-31
over the last 12 months | 2025-11-01 | 2026-10-31
March 15, 2025 to April 15, 2025 | 2025-03-15 | 2025-04-15
Generate the invoice report for last year | 2025-01-01 | 2025-12-31
Could you please give me the revenue analysis for Q3 2024 by Monday noon? | 2024-07-01 | 2024-09-30
I need all unpaid invoices issued between 5 and 12 March 2025, as CSV | 2025-03-05 | 2025-03-12
Overdue accounts since 1 Feb 2024, please | 2024-02-01 | 2026-11-21
How much did we earn in the first half of 2025 from services? | 2025-01-01 | 2025-06-30
show the top 10 clients of last quarter with 5 columns | 2026-07-01 | 2026-09-30
Run it for March and send it to April Jones? | 2026-03-01 | 2026-03-31
we met 12 clients; report on them for May 2025 | 2025-05-01 | 2025-05-31
monthly revenue by quarter for 2024 with charts | 2024-01-01 | 2024-12-31
invoice report 2024 | 2024-01-01 | 2024-12-31
2024 invoice report | 2024-01-01 | 2024-12-31
Client portfolio review, last 6 months, active clients only | 2026-05-01 | 2026-10-31
please bulk process invoices dated 2024-01-01 to 2024-03-31 again | 2024-01-01 | 2024-03-31
the report must cover January through March 2026 and be detailed | 2026-01-01 | 2026-03-31
service utilisation report month to date | 2026-11-01 | 2026-11-21
Compare it with what we had last week, thanks | 2026-11-09 | 2026-11-15
"""

NO_PERIOD = """
this may be wrong
you may go now
may I ask something
it may take 5 minutes
they march in the sun
we marched to the office
march to the beat
give me a second
wait a second please
the second page is missing
on the first line
one may ask why
the second may be better
sun and rain
he sat down
we wed our ideas
half of the clients pay late
the quarter final
generate the invoice report
create client analysis
cancel task 12
cancel task 2024
how is 12 going
invoice 2024
room 2012
order 2031 is late
2024 rows were read
2000 invoices were imported
pay 2024 EUR to Acme
version 2024.1 of the report
call 555-2024-1234
top 10 clients
the last client
the next step
the past is gone
this report
past due invoices
from Paris to London
between you and me
since you ask
until it is done
before lunch
after the meeting
week after week
every month
monthly report
revenue by quarter
daily and weekly figures
10:30
at 5 pm
$2024
€1,250.50
40%
5 of 12 files
fourth attempt
mid size clients
early payers
end of line
beginning of the text
the year
"""


def rows(table: str) -> list[list[str]]:
    return [[cell.strip() for cell in line.split("|")] for line in table.strip().splitlines()]


@pytest.mark.parametrize(("phrase", "first", "last"), rows(PERIODS))
def test_phrase_means_these_days(phrase: str, first: str, last: str) -> None:
    found = [each.period for each in find(phrase, CONTEXT) if each.period]
    days = [(str(period.start) if period.start else "-", str(period.last)) for period in found]
    assert (first, last) in days[:1]


def test_tables_are_broad() -> None:
    assert len(rows(PERIODS)) >= 150
    assert len(rows(NO_PERIOD)) >= 40


@pytest.mark.parametrize("sentence", [row[0] for row in rows(NO_PERIOD)])
def test_ordinary_sentence_names_no_period(sentence: str) -> None:
    assert find(sentence, CONTEXT) == []


@pytest.mark.parametrize(
    ("phrase", "kind"),
    [
        ("03/04/2024", "day_month_order"),
        ("in March", "year_assumed"),
        ("5 March", "year_assumed"),
        ("Q1", "year_assumed"),
        ("from March to May", "year_assumed"),
        ("last March", "year_assumed"),
        ("since March", "year_assumed"),
        ("past 3 months", "calendar_or_rolling"),
        ("the past year", "calendar_or_rolling"),
        ("end of 2025", "vague"),
        ("the last few weeks", "vague"),
        ("two weeks ago", "vague"),
        ("FY25", "fiscal"),
        ("2024/25", "fiscal"),
        ("FY2024/25", "fiscal"),
        ("Mar-25", "vague"),
        ("the last week of March 2025", "vague"),
        ("summer 2025", "vague"),
        ("on Monday", "which_day"),
        ("until June 2025", "open_start"),
        ("from 5 March 2026", "from_or_in"),
        ("from May 2025 to March 2025", "backwards"),
    ],
)
def test_what_can_be_meant_otherwise_is_noted(phrase: str, kind: str) -> None:
    (found,) = find(phrase, CONTEXT)
    assert kind in [note.kind for note in found.notes]


@pytest.mark.parametrize(
    "phrase", ["last year", "Q3 2024", "5 March 2025", "25/03/2025", "03/03/2024", "year to date", "last 7 days"]
)
def test_what_is_clear_is_not_noted(phrase: str) -> None:
    (found,) = find(phrase, CONTEXT)
    assert found.notes == ()


def test_order_of_day_and_month_follows_the_site() -> None:
    (found,) = find("03/04/2024", Context(today=TODAY, locale="en-US"))
    assert found.period and found.period.start == date(2024, 3, 4)
    assert [other.start for other in found.notes[0].others] == [date(2024, 4, 3)]


def test_plans_look_forward() -> None:
    (found,) = find("in March", Context(today=TODAY, prefers_past=False))
    assert found.period and found.period.start == date(2027, 3, 1)


def test_fiscal_year_begins_where_the_site_says() -> None:
    (found,) = find("FY25", Context(today=TODAY, fiscal_start_month=4, is_fiscal_known=True))
    assert found.period and (found.period.start, found.period.last) == (date(2024, 4, 1), date(2025, 3, 31))
    assert found.notes == ()


IMPOSSIBLE = """
31/02/2024
2025-13-01
2025-02-30
30.02.2025
31 February 2025
31st of February 2025
30 Feb
February 30
Feb 29 2025
April 31st, 2025
31 April
45 March 2025
0 March 2025
1 to 31 February 2025
Feb 1-31
week 53 2025
Q5 2025
Q5 FY25
H3 2025
2025 Q0
5th quarter of 2025
quarter 5 2025
"""


@pytest.mark.parametrize("words", IMPOSSIBLE.strip().splitlines())
def test_date_that_does_not_exist_is_named_and_not_guessed(words: str) -> None:
    (found,) = find(f"the report for {words}", CONTEXT)
    assert (found.period, found.words, found.notes[0].kind) == (None, words, "not_a_date")


@pytest.mark.parametrize(
    ("words", "first", "last"),
    [
        ("29 February", date(2024, 2, 29), date(2024, 2, 29)),
        ("week 53", date(2020, 12, 28), date(2021, 1, 3)),
        ("Feb 28 - 31 March 2025", date(2025, 2, 28), date(2025, 3, 31)),
        ("500 March invoices", date(2026, 3, 1), date(2026, 3, 31)),
    ],
)
def test_what_exists_in_another_year_or_is_a_count_is_no_impossible_day(words: str, first: date, last: date) -> None:
    (found,) = find(words, CONTEXT)
    assert found.period and (found.period.start, found.period.last) == (first, last)


@pytest.mark.parametrize("words", ["the Q5", "a new H7 lamp", "Q9 and H3"])
def test_what_is_no_quarter_and_names_no_year_is_no_date(words: str) -> None:
    assert find(words, CONTEXT) == []


def test_two_periods_are_both_found() -> None:
    found = find("compare Q1 2025 with Q1 2024", CONTEXT)
    assert [each.words for each in found] == ["Q1 2025", "Q1 2024"]


MORE = "the q1 h2 2024 2025 5 12 31 30th 2nd fy25 1999 99 - , & 2024-02-29 03/04/2025 01.02.2024 report may's"
WORDS = sorted(
    {word for names in (*MONTHS, *WEEKDAYS, *SINGLE.values()) for word in names.split()}
    | set(PHRASES)
    | set(MORE.split())
)


@settings(max_examples=400, deadline=None)
@given(
    st.lists(st.sampled_from(WORDS), max_size=9).map(" ".join) | st.text(max_size=80),
    st.dates(date(1950, 1, 1), date(2150, 12, 31)),
)
def test_any_text_gives_sound_periods(text: str, today: date) -> None:
    context = Context(today=today)
    found = find(text, context)
    assert found == find(text, context)
    for each in found:
        assert text[each.start : each.end] == each.words
        if each.period is None:
            assert each.notes
        elif each.period.start is None:
            assert each.period.end > date(1800, 1, 1)
        else:
            assert timedelta(0) < each.period.end - each.period.start
    assert all(one.end <= two.start for one, two in pairwise(found))


@pytest.mark.parametrize("text", ["5 " * 2000, "March to " * 500, "from " * 1000, "Q1 and " * 500, "-" * 4000])
def test_long_text_is_read_in_bounded_time(text: str) -> None:
    find(text, CONTEXT)
