"""The import command, from files to rows: what is good is kept, what is not is named."""

import csv
import json
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from apps.core.errors import InvalidInput
from apps.crm.imports import mapping
from apps.crm.models import Client, Invoice, InvoiceLine, Service
from tests.unit.crm.conftest import make_client

pytestmark = pytest.mark.django_db

FILES = {
    "vendors.csv": "vendor_id,account_number,name,active,address_line1,address_line2,city,state,postal_code,country_code,"
    "country,latitude,longitude\n"
    "7,ACME1,Acme,1,1 Main St,,Berlin,BE,10115,DE,Germany,52.5,13.4\n"
    "8,BOLT1,Bolts & Co,0,2 Side St,Floor 2,Paris,,75001,FR,France,48.9,2.3\n",
    "clients.csv": "client_id,name,year_opened,address_line1,address_line2,city,state,postal_code,country_code,country,"
    "latitude,longitude\n"
    "7,Bikes 4 All,1996,3 Hill,,Graz,,8010,AT,Austria,47.1,15.4\n",
    "invoices.csv": "invoice_id,vendor_id,status,invoice_date,due_date,subtotal,tax,freight,total_due\n"
    "1,7,complete,2022-04-15,2022-04-29,201.0400,16.0832,5.0260,222.1492\n"
    "2,8,rejected,2022-04-16,2022-04-30,10,0,0,10\n",
    "invoice_lines.csv": "invoice_id,line_id,product_number,product_name,quantity,unit_price,line_total\n"
    "1,1,AR-1,Axle,4,50.2600,201.0400\n"
    "2,2,AR-1,Axle,1,10.0000,10.0000\n",
}
Change = Callable[[str], str]


@pytest.fixture
def source(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    return tmp_path


def run(source: Path, **options: Any) -> str:
    out = StringIO()
    call_command(
        "import_crm",
        str(source),
        **{"mapping": "adventureworks", "currency": "USD", "stdout": out, "stderr": out, **options},
    )
    return out.getvalue()


def append(source: Path, name: str, *rows: str) -> None:
    with (source / name).open("a") as file:
        file.writelines(f"{row}\n" for row in rows)


def rejects(source: Path) -> list[tuple[str, str, str, str, str]]:
    path = source / "rejects.csv"
    run(source, rejects=path)
    with path.open(newline="") as file:
        return [(row["file"], row["row"], row["column"], row["value"], row["reason"]) for row in csv.DictReader(file)]


def test_the_shipped_mapping_turns_vendors_into_suppliers_with_their_exact_invoices(source: Path) -> None:
    assert "Every row was good." in run(source)
    invoice = Invoice.objects.get(number="AW-1")
    amounts = (invoice.subtotal, invoice.tax, invoice.charges, invoice.total)
    assert [str(amount) for amount in amounts] == ["201.0400", "16.0832", "5.0260", "222.1492"]
    assert (invoice.status, invoice.currency, invoice.due_on) == ("paid", "USD", date(2022, 4, 29))
    assert (invoice.client.name, invoice.client.kind, invoice.client.status) == ("Acme", "supplier", "active")
    line = InvoiceLine.objects.select_related("service").get(invoice=invoice)
    assert (line.service.code, line.service.unit_price, line.quantity) == ("AW-AR-1", Decimal("50.26"), 4)
    customer = Client.objects.get(kind="customer")
    assert (customer.name, customer.since, customer.external_id) == ("Bikes 4 All", date(1996, 1, 1), "client-7")
    assert Client.objects.get(code="AW-BOLT1").address == "2 Side St, Floor 2, 75001"


def test_importing_again_changes_only_what_changed(source: Path) -> None:
    run(source)
    text = (source / "vendors.csv").read_text()
    (source / "vendors.csv").write_text(text.replace("Acme", "Acme Ltd"))
    output = run(source)
    assert "vendors.csv into client: 1 updated, 1 unchanged" in output
    assert "invoice_lines.csv into line: 2 unchanged" in output
    assert Client.objects.get(code="AW-ACME1").name == "Acme Ltd"
    assert Client.objects.count() == 3


def test_a_dry_run_tells_everything_and_keeps_nothing(source: Path) -> None:
    output = run(source, dry_run=True)
    assert "invoices.csv into invoice: 2 created" in output
    assert "nothing was kept" in output
    assert not Client.objects.exists() and not Service.objects.exists()


@pytest.mark.parametrize(
    ("row", "column", "value", "reason"),
    [
        ("3,7,complete,2022-13-01,2022-04-29,1,0,0,1", "invoice_date", "2022-13-01", "is not a date like 2026-01-31"),
        ("3,7,complete,2022-05-01,2022-04-29,1,0,0,1", "due_date", "2022-04-29", "before the date of issue"),
        ("3,7,complete,2022-04-01,2022-04-29,1,0,0,2", "total_due", "2", "are 1, not 2"),
        ("3,7,complete,2022-04-01,2022-04-29,1e,0,0,1", "subtotal", "1e", "is not a number like 1234.50"),
        ("3,7,complete,2022-04-01,2022-04-29,NaN,0,0,1", "subtotal", "NaN", "is not a finite number"),
        ("3,7,complete,2022-04-01,2022-04-29,1.00001,0,0,1", "subtotal", "1.00001", "4 decimal places"),
        ("3,7,complete,2022-04-01,2022-04-29,,0,0,1", "subtotal", "", "is empty"),
        ("3,7,complete,2022-04-01,2022-04-29,'=1+1,0,0,1", "subtotal", "'=1+1", "is not a number"),
        ("3,7,complete,2022-04-01,2022-04-29,=1+1,0,0,1", "subtotal", "'=1+1", "is not a number"),
        ("3,7,lost,2022-04-01,2022-04-29,1,0,0,1", "status", "lost", "is not one of the mapping's values"),
        ("3,99,complete,2022-04-01,2022-04-29,1,0,0,1", "vendor_id", "vendor-99", "there is no client with this id"),
        ("3,,complete,2022-04-01,2022-04-29,1,0,0,1", "vendor_id", "", "is empty"),
        (",7,complete,2022-04-01,2022-04-29,1,0,0,1", "invoice_id", "", "it identifies the row"),
        ("1,7,complete,2022-04-01,2022-04-29,1,0,0,1", "invoice_id", "invoice-1", "repeats the id of row 2"),
        ("3,7,complete", "", "", "has 3 cells, the header 9"),
        ('3,7,"complete,2022-04-01', "", "", "look for a quote that is not closed"),
        ("3,7,complete,2022-04-01,2022-04-29,1,0,0," + "1" * 140_000, "", "", "larger than field limit"),
        ("3" * 101 + ",7,complete,2022-04-01,2022-04-29,1,0,0,1", "invoice_id", "3" * 101, "at most 100"),
        ("3\x00,7,complete,2022-04-01,2022-04-29,1,0,0,1", "invoice_id", "3\x00", "NUL"),
        ("3" * 40 + ",7,complete,2022-04-01,2022-04-29,1,0,0,1", "invoice_id", "3" * 40, "at most 40 characters"),
    ],
)
def test_a_bad_row_is_named_with_its_place_and_the_good_ones_are_kept(
    source: Path, row: str, column: str, value: str, reason: str
) -> None:
    append(source, "invoices.csv", row)
    found = [reject for reject in rejects(source) if reject[1] == "4"]
    assert [reject[:4] for reject in found if reason in reject[4]] == [("invoices.csv", "4", column, value)]
    assert Invoice.objects.count() == 2


def test_every_problem_of_a_row_is_named(source: Path) -> None:
    append(source, "invoices.csv", "3,7,lost,soon,2022-04-29,x,0,0,1")
    assert [reject[2] for reject in rejects(source)] == ["status", "invoice_date", "subtotal"]
    assert "1 rows were rejected for 3 reasons" in run(source)


def test_a_row_after_a_bad_one_is_still_read(source: Path) -> None:
    append(source, "invoices.csv", "oops", "", "5,7,pending,2022-04-01,2022-04-29,1,0,0,1")
    assert [reject[1] for reject in rejects(source)] == ["4"]
    assert Invoice.objects.get(number="AW-5").status == "open"


def test_a_code_that_belongs_to_another_row_is_refused(source: Path) -> None:
    make_client("AW-ACME1")
    append(source, "vendors.csv", "9,BOLT1,Copy,1,x,,y,,1,DE,Germany,1,1")
    assert [reject[1:] for reject in rejects(source)][:2] == [
        ("2", "account_number", "AW-ACME1", "another client has the code AW-ACME1"),
        ("4", "account_number", "AW-BOLT1", "another client has the code AW-BOLT1"),
    ]


def test_what_only_the_database_refuses_costs_one_row_not_the_batch(
    source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Invoice, "clean", lambda self: None)
    append(source, "invoices.csv", "3,7,complete,2022-05-01,2022-04-29,1,0,0,1")
    (reject,) = rejects(source)
    assert reject[1] == "4"
    assert "the database refuses it" in reject[4]
    assert Invoice.objects.count() == 2


def break_encoding(text: str) -> bytes:
    return text.replace("Acme", "Acmé").encode("latin-1")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda text: b"", "vendors.csv is empty; it needs a header"),
        (lambda text: text.replace("name", "title").encode(), r"lacks name\. Its header has vendor_id, account_number"),
        (lambda text: text.replace(",", ";").encode(), """separated by a semicolon: state "delimiter": ';'"""),
        (break_encoding, r"not UTF-8: near line \d there is byte 0xe9"),
        (lambda text: text.encode("utf-16"), "is UTF-16"),
        (lambda text: text.replace("city", "name", 1).encode(), "lacks city"),
        (lambda text: text.replace("\n", ",name\n").encode(), "has name twice"),
        (None, "There is no vendors.csv in"),
    ],
)
def test_a_file_that_cannot_be_used_stops_the_import_before_anything_is_written(
    source: Path, change: Any, says: str
) -> None:
    path = source / "vendors.csv"
    text = path.read_text()
    path.unlink()
    if change:
        path.write_bytes(change(text))
    with pytest.raises(CommandError, match=says):
        run(source)
    assert not Client.objects.exists()


def test_a_byte_order_mark_and_windows_line_ends_do_no_harm(source: Path) -> None:
    path = source / "vendors.csv"
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    assert "Every row was good." in run(source)


def test_a_directory_in_place_of_a_file_is_explained(source: Path) -> None:
    (source / "vendors.csv").unlink()
    (source / "vendors.csv").mkdir()
    with pytest.raises(CommandError, match="cannot be read: Is a directory"):
        run(source)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"currency": None}, "give --currency"),
        ({"currency": "DOLLAR"}, "ISO 4217"),
        ({"mapping": "nowhere.json"}, "cannot be read: No such file"),
        ({"rejects": Path("/nowhere/rejects.csv")}, "cannot be written"),
    ],
)
def test_wrong_options_are_explained(source: Path, options: dict[str, Any], says: str) -> None:
    with pytest.raises(CommandError, match=says):
        run(source, **options)


FILE = {"file": "a.csv", "into": "client", "id": "id", "fields": {"code": "id", "name": "n", "since": "s"}}


@pytest.mark.parametrize(
    ("document", "says"),
    [
        ([], "the mapping must be an object, not list"),
        ({"source": "x"}, "the mapping lacks files"),
        ({"source": "x", "files": []}, "at least one file"),
        ({"source": "", "files": [FILE]}, "source must be a name"),
        ({"source": "x", "files": [{**FILE, "into": "user"}]}, r"files\[0\]\.into must be one of client, service"),
        ({"source": "x", "files": [{**FILE, "file": "../a.csv"}]}, "plain file name"),
        ({"source": "x", "files": [{**FILE, "fields": {"code": "c"}}]}, r"files\[0\]\.fields lacks name, since"),
        ({"source": "x", "files": [{**FILE, "fields": {**FILE["fields"], "pk": "c"}}]}, "does not know pk"),
        ({"source": "x", "files": [{**FILE, "id": {"column": "a", "value": "b"}}]}, "exactly one of"),
        ({"source": "x", "files": [{**FILE, "id": {"columns": "ab"}}]}, "list of column names"),
        ({"source": "x", "files": [{**FILE, "id": {"column": "a", "values": {"1": 1}}}]}, "object of texts"),
        ({"source": "x", "files": [{**FILE, "id": {"value": 1}}]}, "must be texts"),
    ],
)
def test_a_wrong_mapping_is_explained(tmp_path: Path, document: Any, says: str) -> None:
    path = tmp_path / "mapping.json"
    path.write_text(json.dumps(document))
    with pytest.raises(InvalidInput, match=says):
        mapping.load(path)


def test_a_european_file_is_read_with_its_own_marks(tmp_path: Path) -> None:
    (tmp_path / "leistungen.csv").write_bytes("nr;name;preis\n1;Prüfung;1234,5\n2;Wartung;1.234,5\n".encode("cp1252"))
    entry = {
        "file": "leistungen.csv",
        "into": "service",
        "id": "nr",
        "delimiter": ";",
        "encoding": "cp1252",
        "decimal_mark": ",",
        "fields": {"code": "nr", "name": "name", "currency": {"value": "EUR"}, "unit_price": "preis"},
    }
    path = tmp_path / "mapping.json"
    path.write_text(json.dumps({"source": "x", "files": [entry]}))
    output = run(tmp_path, mapping=str(path), currency=None)
    service = Service.objects.get()
    assert (service.name, service.unit_price) == ("Prüfung", Decimal("1234.5"))
    assert "preis = '1.234,5': is not a number like 1234,50" in output
