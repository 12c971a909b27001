"""The pipeline's classes: a batch in, judged, known clients found, sorted into segments."""

from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from apps.core.errors import ToolError
from apps.crm.models import Client, Invoice
from tests.unit.tools.agents.working import BEGAN, Anybody, FakeCall, work

pytestmark = pytest.mark.django_db
TODAY = BEGAN.date()


def row(code: str, **fields: str) -> dict[str, Any]:
    made = {
        "name": f"Firm {code}", "email": f"{code}@firm.example", "city": "Ghent", "country_code": "BE",
        "expected_volume": "100.00", "currency": "EUR", **fields,
    }  # fmt: skip
    return {"line": int("".join(filter(str.isdigit, code)) or 0) + 2, "code": code, **made}


def validated(*rows: dict[str, Any]) -> dict[str, Any]:
    return work("DataValidator", context={"customers": {"rows": list(rows)}})


def segmented(*rows: dict[str, Any], **parameters: Any) -> dict[str, list[str]]:
    answer = work("SegmentAnalyzer", parameters=parameters, context={"enriched_data": list(rows)})
    assert answer["total"] == len(rows) == sum(each["count"] for each in answer["segments"])
    return {each["name"]: [one["code"] for one in each["rows"]] for each in answer["segments"]}


def client(code: str, name: str = "") -> Client:
    return Client.objects.create(code=code, name=name or f"Firm {code}", since=date(2020, 1, 1))


def bill(to: Client, number: str, days_ago: int, amount: str, *, status: str = "open", currency: str = "EUR") -> None:
    issued = TODAY - timedelta(days=days_ago)
    Invoice.objects.create(
        number=number, client=to, issued_on=issued, due_on=issued + timedelta(days=30), status=status, currency=currency,
        subtotal=Decimal(amount), tax=Decimal(0), total=Decimal(amount),
    )  # fmt: skip


def test_a_batch_is_taken_in_as_it_stands_in_its_file() -> None:
    customers = work("IngestCustomers", parameters={"batch": "spring"})
    assert len(customers["rows"]) == 14
    assert customers["rows"][0]["line"] == 2
    assert customers["rows"][8]["name"] == "  Holm   &  Sons "
    assert customers["columns"] == ["code", "name", "email", "city", "country_code", "expected_volume", "currency"]


def test_a_batch_without_rows_or_that_is_not_there_is_an_error(settings: Any, tmp_path: Path) -> None:
    with pytest.raises(ToolError, match=r"nothing in batches called autumn\. There are: broken, spring"):
        work("IngestCustomers", parameters={"batch": "autumn"})
    settings.INBOX = str(tmp_path)
    (tmp_path / "batches").mkdir()
    for content, said in [(b"code,name\n", "has no rows"), (b"code\n\xff\n", "is not UTF-8")]:
        (tmp_path / "batches/bad.csv").write_bytes(content)
        with pytest.raises(ToolError, match=said):
            work("IngestCustomers", parameters={"batch": "bad"})


def test_a_row_with_too_many_cells_or_too_few_does_not_stop_the_others(settings: Any, tmp_path: Path) -> None:
    settings.INBOX = str(tmp_path)
    (tmp_path / "batches").mkdir()
    (tmp_path / "batches/odd.csv").write_text("code,name\nA,one,two,three\nB\n")
    rows = work("IngestCustomers", parameters={"batch": "odd"})["rows"]
    assert [each["code"] for each in rows] == ["A", "B"] and rows[1]["name"] == ""


def test_the_sample_batch_has_two_rows_that_cannot_be_used() -> None:
    answer = work("DataValidator", context={"customers": work("IngestCustomers", parameters={"batch": "spring"})})
    assert {each["line"]: each["reasons"] for each in answer["rejected"]} == {
        11: ["email: that is no e-mail address"],
        14: ["code: line 6 has the same"],
    }
    assert (answer["total"], len(answer["accepted"]), answer["rejected_percent"]) == (14, 12, 14.3)


def test_spaces_and_capitals_are_put_right_and_nothing_else() -> None:
    [good] = validated(row("N-1", name="  Holm   &  Sons ", email="Office@Holm.Example", country_code="dk"))["accepted"]
    assert (good["name"], good["email"], good["country_code"]) == ("Holm & Sons", "office@holm.example", "DK")
    assert good["line"] == 3


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("code", ""), ("code", "a b"), ("name", "  "), ("email", "here.example"), ("email", "a b@c.example"),
        ("country_code", "BEL"), ("country_code", "B1"), ("expected_volume", "a lot"), ("expected_volume", "-1"),
        ("expected_volume", ""), ("expected_volume", "NaN"), ("expected_volume", "Infinity"), ("currency", "€"),
        ("currency", "XQX"),
    ],
)  # fmt: skip
def test_a_bad_field_rejects_its_row_with_the_reason(field: str, value: str) -> None:
    answer = validated(row("N-1", **{field: value}) if field != "code" else {**row("N-1"), "code": value})
    assert answer["accepted"] == []
    [reason] = answer["rejected"][0]["reasons"]
    assert reason.startswith(f"{field.replace('_', ' ')}: ")


def test_what_repeats_a_row_that_was_rejected_is_no_repetition() -> None:
    answer = validated(row("N-1", name=""), row("N-1"))
    assert [each["code"] for each in answer["accepted"]] == ["N-1"]


@pytest.mark.parametrize(
    ("good", "bad", "most", "is_valid"),
    [
        (8, 2, None, True),
        (7, 3, None, False),
        (7, 3, 30, True),
        (0, 0, 100, False),
        (0, 1, 100, False),
        (1, 0, 0, True),
    ],
)
def test_a_batch_is_rejected_by_the_share_of_its_bad_rows(good: int, bad: int, most: Any, is_valid: bool) -> None:
    result = {"accepted": [{}] * good, "rejected": [{"line": n} for n in range(bad)]}
    verdict = work("CheckRows", parameters={"result": result, "most_rejected_percent": most})
    assert (verdict["valid"], verdict["lines"]) == (is_valid, list(range(bad)))
    assert f"{bad} row" in verdict["reason"]


def test_only_what_the_validator_answers_is_judged() -> None:
    for result in (None, [], {"rows": []}):
        with pytest.raises(ToolError, match="judges what DataValidator answers"):
            work("CheckRows", parameters={"result": result})


def test_clients_are_known_by_code_or_name_with_what_they_owe() -> None:
    owing, paying = client("C-1"), client("C-2", "Holm & Sons")
    bill(owing, "R1", 100, "50.00")
    bill(owing, "R2", 10, "70.00")
    bill(owing, "R3", 500, "900.00")
    bill(owing, "R4", 90, "10.00", currency="GBP", status="paid")
    bill(paying, "R5", 20, "80.00", status="paid")
    bill(paying, "R6", 20, "99.00", status="draft")
    call = FakeCall()
    rows = work(
        "DataEnricher", call,
        context={"validated_data": {"accepted": [row("c-1"), row("N-2", name="HOLM & sons"), row("N-3")]}},
    )  # fmt: skip
    assert [each["is_known"] for each in rows] == [True, True, False]
    assert (rows[0]["billed"], rows[0]["overdue"]) == ({"EUR": "120.00", "GBP": "10.00"}, {"EUR": "50.00"})
    assert (rows[1]["client"]["code"], rows[1]["billed"], rows[1]["overdue"]) == ("C-2", {"EUR": "80.00"}, {})
    assert rows[2]["client"] is None and rows[2]["billed"] == {}
    assert call.admitted == ["crm", "crm"], "each page waits for the rate limit"


def test_every_page_of_the_customer_system_is_read() -> None:
    Client.objects.bulk_create(
        [Client(code=f"B{n}", name=f"Big {n}", since=date(2020, 1, 1)) for n in range(150)]
    )  # fmt: skip
    [found] = work("DataEnricher", context={"validated_data": {"accepted": [row("N-1", name="Big 149")]}})
    assert found["client"]["code"] == "B149"


def test_figures_of_clients_are_for_those_who_may_see_them() -> None:
    with pytest.raises(ToolError, match=r"lacks crm\.view_invoice"):
        work("DataEnricher", FakeCall(Anybody("crm.view_client")), context={"validated_data": {"accepted": []}})


def test_each_row_is_in_the_first_segment_whose_rule_it_fits() -> None:
    known = {"is_known": True, "billed": {"EUR": "1.00"}, "overdue": {}}
    new = {"is_known": False, "billed": {}, "overdue": {}}
    found = segmented(
        {**row("1"), **known, "overdue": {"EUR": "1.00"}},
        {**row("2"), **known},
        {**row("3"), **known, "billed": {}},
        {**row("4", expected_volume="50000"), **new},
        {**row("5", expected_volume="49999.99"), **new},
    )
    assert list(found.values()) == [["1"], ["2"], ["3"], ["4"], ["5"]]


def test_the_limit_of_a_large_customer_is_a_parameter_and_volumes_are_per_currency() -> None:
    new = {"is_known": False, "billed": {}, "overdue": {}}
    rows = [{**row("1"), **new}, {**row("2", expected_volume="0.50"), **new}, {**row("3", currency="GBP"), **new}]
    assert segmented(*rows, large_from=100)["new, large"] == ["1", "3"]
    answer = work("SegmentAnalyzer", context={"enriched_data": rows})
    assert answer["segments"][-1]["volume"] == {"EUR": "100.50", "GBP": "100.00"}
    assert answer["segments"][3]["rule"] == "is no client and expects 50,000 or more"


@pytest.mark.parametrize(
    ("name", "key"),
    [("DataValidator", "customers"), ("DataEnricher", "validated_data"), ("SegmentAnalyzer", "enriched_data")],
)
def test_what_a_class_needs_is_named(name: str, key: str) -> None:
    with pytest.raises(ToolError, match=f"{name} needs “{key}”"):
        work(name)
