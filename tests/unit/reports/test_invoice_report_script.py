"""The shipped script in the real interpreter, type-checked: its figures against an independent computation."""

import csv
import io
import json
from collections import defaultdict
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

import pytest

from apps.catalog import validation
from apps.catalog.definition import Definition
from apps.core.errors import ToolError
from tests.unit.reports import company
from tests.unit.reports.company import TODAY, Company, FakeCrm
from tests.unit.reports.sandbox import FOLDER, TEMPLATE, Desk, parameters, rules_only

Finished = tuple[Company, Desk, Any]
START, END = date(2025, 1, 1), date(2025, 12, 31)


def counted(books: Company, start: date = START, end: date = END) -> dict[str, list[dict[str, Any]]]:
    """The invoices that count, by currency, chosen without any of the code under test."""
    active = {client["id"] for client in books.clients if client["status"] == "active"}
    by_currency = defaultdict(list)
    for invoice in books.invoices:
        is_meant = invoice["client_id"] in active and invoice["status"] not in ("draft", "void")
        if is_meant and start <= invoice["issued_on"] <= end:
            by_currency[invoice["currency"]].append(invoice)
    return dict(by_currency)


def is_overdue(invoice: dict[str, Any]) -> bool:
    return invoice["status"] == "open" and invoice["due_on"] < TODAY and invoice["total"] > invoice["paid"]


def test_the_figures_of_every_currency_are_exact(finished: Finished) -> None:
    books, desk, result = finished
    expected = counted(books)

    assert {one["currency"] for one in desk.printed["data"]["books"]} == set(expected)
    for one in desk.printed["data"]["books"]:
        rows = expected[one["currency"]]
        owing = [row for row in rows if row["status"] == "open"]
        assert one["count"] == len(rows)
        assert one["revenue"] == sum(row["subtotal"] for row in rows)
        assert one["tax"] == sum(row["tax"] for row in rows)
        assert one["invoiced"] == sum(row["total"] for row in rows)
        assert one["received"] == sum(row["paid"] for row in rows)
        assert one["outstanding"] == sum(row["total"] - row["paid"] for row in owing)
        assert one["overdue"] == sum(row["total"] - row["paid"] for row in rows if is_overdue(row))
        assert one["overdue_count"] == sum(map(is_overdue, rows))
        digits = Decimal(1) if one["currency"] == "JPY" else Decimal("0.01")
        assert one["average"] == (one["revenue"] / len(rows)).quantize(digits, rounding=ROUND_HALF_EVEN)
    assert result["invoices"] == sum(map(len, expected.values()))


def test_months_clients_and_ages_add_up_to_the_whole(finished: Finished) -> None:
    books, desk, _ = finished
    expected = counted(books)

    for one in desk.printed["data"]["books"]:
        rows = expected[one["currency"]]
        assert [month["month"] for month in one["months"]] == [date(2025, n, 1) for n in range(1, 13)]
        for month in one["months"]:
            mine = [row for row in rows if row["issued_on"].month == month["month"].month]
            assert (month["count"], month["total"]) == (len(mine), sum((row["subtotal"] for row in mine), Decimal(0)))
        assert sum(row["revenue"] for row in one["clients"]) == one["revenue"]
        assert [row["revenue"] for row in one["clients"]] == sorted(
            (row["revenue"] for row in one["clients"]), reverse=True
        )
        assert sum(age["total"] for age in one["ageing"]) == one["outstanding"]


def test_services_are_ranked_and_compared_with_the_year_before(finished: Finished) -> None:
    books, desk, _ = finished
    now, before = counted(books), counted(books, date(2024, 1, 1), date(2024, 12, 31))

    for one in desk.printed["data"]["books"]:
        ids = {row["id"] for row in now[one["currency"]]}
        earlier_ids = {row["id"] for row in before.get(one["currency"], [])}
        for service in one["services"]:
            revenue = sum(line[3] for line in books.lines if line[0] in ids and line[1] == service["code"])
            earlier = sum(line[3] for line in books.lines if line[0] in earlier_ids and line[1] == service["code"])
            assert service["revenue"] == revenue
            growth = (100 * (revenue - earlier) / earlier).quantize(Decimal("0.1")) if earlier else None
            assert service["growth"] == growth


def test_new_and_repeating_clients_and_their_payments_are_counted(finished: Finished) -> None:
    books, desk, _ = finished
    rows = [row for rows in counted(books).values() for row in rows]
    insights = desk.printed["data"]["analysis"]["client_insights"]
    ids = [row["client_id"] for row in rows]
    paid = [row for row in rows if row["status"] == "paid"]
    days = sum((row["paid_on"] - row["issued_on"]).days for row in paid)

    assert insights["new"] == len([one for one in books.clients if one["id"] in ids and START <= one["since"] <= END])
    assert insights["repeat"] == len({one for one in ids if ids.count(one) > 1})
    assert insights["payment_behaviour"] == {
        "paid_invoices": len(paid),
        "average_days_to_pay": (Decimal(days) / len(paid)).quantize(Decimal("0.01")),
        "on_time_percent": (Decimal(100) * sum(row["paid_on"] <= row["due_on"] for row in paid) / len(paid)).quantize(
            Decimal("0.1")
        ),
    }


def test_every_overdue_client_is_a_risk_with_a_level(finished: Finished) -> None:
    books, desk, _ = finished
    names = {client["id"]: client["name"] for client in books.clients}
    late = {names[row["client_id"]] for rows in counted(books).values() for row in rows if is_overdue(row)}
    risks = desk.printed["data"]["analysis"]["client_insights"]["risk_factors"]

    assert {risk["client"] for risk in risks if "overdue" in risk["risk"]} == late
    assert {risk["level"] for risk in risks} <= {"low", "medium", "high"}


@pytest.mark.parametrize("kind", ["duplicate", "double payment", "outlier", "weekend burst"])
def test_the_planted_anomalies_are_found(finished: Finished, kind: str) -> None:
    _, desk, result = finished
    found = [one for one in desk.printed["data"]["analysis"]["anomalies"] if one["type"] == kind]

    assert found and all(one["affected_invoices"] for one in found)
    assert result["anomalies"] == len(desk.printed["data"]["analysis"]["anomalies"])


def test_a_price_that_jumps_is_found() -> None:
    books = company.make(invoices=120)
    ids = {row["id"] for row in books.invoices if row["issued_on"] >= date(2025, 10, 1)}
    books.lines = [
        (number, code, quantity, revenue * (3 if number in ids and code == "HOST" else 1))
        for number, code, quantity, revenue in books.lines
    ]
    desk = Desk(FakeCrm(books), rules_only)
    desk.run(parameters())

    jumps = [one for one in desk.printed["data"]["analysis"]["anomalies"] if one["type"] == "price jump"]
    assert any(one["description"].startswith("HOST") for one in jumps)
    assert not any(one["description"].startswith("MAINT") for one in jumps)


def test_progress_passes_the_declared_stages_in_order(finished: Finished) -> None:
    _, desk, _ = finished
    begun = [(stage, percent) for percent, stage, _ in desk.progress if stage]
    percents = [percent for percent, _, _ in desk.progress]

    assert begun == [(stage["name"], stage["percent"]) for stage in TEMPLATE["stages"]]
    assert percents == sorted(percents)
    assert any(message.startswith("Fetched 50 of ") for _, _, message in desk.progress)


def test_the_files_are_named_by_the_revision_s_patterns(finished: Finished) -> None:
    _, desk, result = finished

    assert result["files"] == [
        "overdue_accounts_2026-11-21.csv",
        "invoice_data_2026-11-21.json",
        "invoice_report_2026-11-21.pdf",
    ]
    assert set(desk.files) == set(result["files"])
    assert desk.printed["data"]["csv_name"] == "overdue_accounts_2026-11-21.csv"


def test_the_csv_lists_every_overdue_invoice(finished: Finished) -> None:
    books, desk, _ = finished
    late = {row["number"]: row for rows in counted(books).values() for row in rows if is_overdue(row)}
    table = list(
        csv.DictReader(io.StringIO(desk.files["overdue_accounts_2026-11-21.csv"].decode("utf-8-sig")), strict=True)
    )

    assert {row["number"] for row in table} == set(late)
    assert all(Decimal(row["owed"]) == late[row["number"]]["total"] - late[row["number"]]["paid"] for row in table)


def test_the_data_file_holds_the_analysis_and_every_invoice(finished: Finished) -> None:
    books, desk, _ = finished
    written = json.loads(desk.files["invoice_data_2026-11-21.json"])

    assert set(written["report"]["analysis"]) == {
        "revenue_patterns",
        "client_insights",
        "services",
        "recommendations",
        "anomalies",
    }
    assert len(written["invoices"]) == sum(map(len, counted(books).values()))
    assert Decimal(written["report"]["books"][0]["revenue"]) == desk.printed["data"]["books"][0]["revenue"]


def test_without_a_model_the_report_says_so(finished: Finished) -> None:
    assert finished[1].printed["data"]["author"] == "rules"
    assert finished[1].printed["data"]["observations"] == []


def test_a_chunk_that_fails_is_named_and_the_others_go_on() -> None:
    asked: list[int] = []

    def fails_once(**arguments: Any) -> dict[str, Any]:
        asked.append(len(arguments["data"]["invoices"]))
        if len(asked) == 2:
            raise ToolError("rate limit reached", kind="RuntimeError")
        if len(asked) == 3:
            return {**rules_only(), "data": {"observations": "not a list"}}
        return rules_only()

    desk = Desk(FakeCrm(company.make(invoices=300)), fails_once)
    result = desk.run(parameters())

    gaps = desk.printed["data"]["gaps"]
    assert len(asked) == -(-result["invoices"] // 50) > 3 and max(asked) == 50
    assert [(gap["chunk"], gap["count"]) for gap in gaps] == [(2, 50), (3, 50)]
    assert "rate limit reached" in gaps[0]["reason"] and "wrong shape" in gaps[1]["reason"]
    assert any(text.startswith(f"Chunk 2 of {len(asked)} was not analysed") for text in result["warnings"])


def test_remarks_of_a_model_are_kept_only_where_they_state_no_figure_and_name_what_exists() -> None:
    def remarks(**arguments: Any) -> dict[str, Any]:
        first = arguments["data"]["invoices"][0]
        answer = {
            "observations": [
                f"{first['client']} orders in bursts, see {first['number']}.",
                "Revenue is 1,000,000 EUR.",
            ],
            "risk_factors": [
                {"client": "Nobody Ltd", "risk": "unknown to us", "level": "high"},
                {"client": first["client"], "risk": "always late", "level": "low"},
            ],
            "recommendations": [],
            "anomalies": [{"type": "odd", "description": "strange", "affected_invoices": ["INV-0000-00000"]}],
        }
        return {"text": "", "data": answer, "model": "demo-model-1", "is_model": True, "tokens": 10}

    desk = Desk(FakeCrm(company.make(invoices=60)), remarks)
    desk.run(parameters(includeServices=False))

    data = desk.printed["data"]
    assert data["author"] == "demo-model-1"
    assert data["observations"] and not any("1,000,000" in text for text in data["observations"])
    risks = data["analysis"]["client_insights"]["risk_factors"]
    assert any(risk["risk"] == "always late" for risk in risks)
    assert not any(risk["client"] == "Nobody Ltd" for risk in risks)
    assert not any(one["type"] == "odd" for one in data["analysis"]["anomalies"])
    assert any("left out" in message for message, _ in desk.logged)


def test_an_empty_period_gives_a_report_that_says_so() -> None:
    desk = Desk(FakeCrm(company.make(invoices=30)), rules_only, draws=True)
    result = desk.run(parameters("2031-01-01", "2031-01-31"))

    assert "no invoices" in result["summary"]
    assert result["files"] and desk.files["invoice_report_2026-11-21.pdf"].startswith(b"%PDF")
    assert any("has not ended" in text for text in result["warnings"])


def test_many_invoices_warn_and_come_in_parts() -> None:
    desk = Desk(FakeCrm(company.make(invoices=300)), rules_only)
    assert "\nMANY = 5000 " in desk.script
    desk.script = desk.script.replace("\nMANY = 5000 ", "\nMANY = 150 ")
    result = desk.run(parameters(includeServices=False))

    assert 150 < result["invoices"] <= 300
    assert any("more than 150" in text for text in result["warnings"])
    parts = [name for name in result["files"] if name.startswith("invoice_data")]
    assert parts == ["invoice_data_2026-11-21_part1.json", "invoice_data_2026-11-21_part2.json"]
    assert sum(len(json.loads(desk.files[name])["invoices"]) for name in parts) == result["invoices"]


def test_without_pdf_the_other_files_still_come() -> None:
    desk = Desk(FakeCrm(company.make(invoices=30)), rules_only)

    def switched_off(**_: Any) -> None:
        raise ToolError("PDF is switched off on this machine; type: apt-get ...", kind="OSError")

    desk.modules["report"]["pdf"] = switched_off
    result = desk.run(parameters())

    assert [name.split(".")[-1] for name in result["files"]] == ["csv", "json"]
    assert any("switched off" in message for message, _ in desk.logged)


def test_services_can_be_left_out() -> None:
    crm = FakeCrm(company.make(invoices=60))
    crm.services = crm.service_months = None  # type: ignore[assignment, method-assign]
    desk = Desk(crm, rules_only)
    desk.run(parameters(includeServices=False))

    assert all(one["services"] == [] and one["growth"] is None for one in desk.printed["data"]["books"])


def test_the_shipped_definition_has_no_problem() -> None:
    definition = Definition.with_fields({**TEMPLATE, "script": (FOLDER / "script.py").read_text()})

    assert [str(problem) for problem in validation.check(definition)] == []
