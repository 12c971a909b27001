"""RELIABILITY H2, H3, H4: a page made from other people's data opens no address, reads no file, runs no code, and ends."""

import base64
import io
import os
import socket
import struct
import threading
import time
import zlib
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import weasyprint
from pypdf import PdfReader

from apps.core.errors import InvalidInput, NotFound
from apps.reports import pdf, press

PIXEL = base64.b64encode(
    b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect width="9" height="9"/></svg>'
).decode()
SMALL = pdf.Limits(seconds=8, cpu_seconds=6, memory=600 * 2**20)


class Canary:
    """A web server that remembers every request and would redirect to a file."""

    def __init__(self, target: str) -> None:
        self.requests: list[str] = []
        canary = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                canary.requests.append(self.path)
                self.send_response(302)
                self.send_header("Location", target)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    path = tmp_path / "secret.txt"
    path.write_text("CANARY-SECRET-5551")
    return path


@pytest.fixture
def canary(secret: Path) -> Iterator[Canary]:
    canary = Canary(secret.as_uri())
    yield canary
    canary.server.shutdown()
    canary.server.server_close()


ASKING = {
    "img": '<img src="{u}/a.png">',
    "img in another scheme": '<img src="//{h}/a.png">',
    "relative to a base": '<base href="{u}/"><img src="a.png">',
    "stylesheet": '<link rel="stylesheet" href="{u}/a.css">',
    "import": "<style>@import url({u}/a.css);</style>",
    "font": "<style>@font-face{{font-family:x;src:url({u}/a.ttf)}} p{{font-family:x}}</style><p>text</p>",
    "background": '<p style="background:url({u}/a.png)">x</p>',
    "list and content": "<style>li{{list-style:url({u}/l.png)}} p::before{{content:url({u}/c.png)}}</style><ul><li>x</ul><p>y",
    "presentational": '<table background="{u}/a.png"><tr><td background="{u}/b.png">x</table>',
    "svg use": '<svg xmlns:xlink="http://www.w3.org/1999/xlink"><use xlink:href="{u}/a.svg#x"/></svg>',
    "svg image": (
        '<svg xmlns:xlink="http://www.w3.org/1999/xlink">'
        '<image href="{u}/a.png" xlink:href="{u}/b.png" width="9" height="9"/></svg>'
    ),
    "object": '<object data="{u}/a.svg" type="image/svg+xml"></object><embed src="{u}/e.svg"><iframe src="{u}/f"></iframe>',
    "attachment": '<link rel="attachment" href="{u}/a.txt"><a rel="attachment" href="{u}/b.txt">x</a>',
    "entity": '<!DOCTYPE x [<!ENTITY e SYSTEM "{u}/e">]><p>&e;</p>',
    "picture": '<picture><source srcset="{u}/s.png"><img srcset="{u}/t.png"></picture><video poster="{u}/p.png"></video>',
}


@pytest.mark.parametrize("asking", ASKING)
def test_no_address_is_asked_for(asking: str, canary: Canary) -> None:
    html = ASKING[asking].format(u=canary.url, h=canary.url.removeprefix("http://"))

    assert pdf.press_html(html, SMALL).startswith(b"%PDF")

    assert canary.requests == []


@pytest.mark.parametrize("asking", ASKING)
def test_the_fetcher_alone_refuses_every_address(asking: str, canary: Canary) -> None:
    """In this process, where the kernel would let the requests through."""
    html = ASKING[asking].format(u=canary.url, h=canary.url.removeprefix("http://"))

    assert press.press(html, 10_000).startswith(b"%PDF")

    assert canary.requests == []


def test_the_canary_hears_what_an_open_fetcher_asks_for(canary: Canary) -> None:
    weasyprint.HTML(string=f'<img src="{canary.url}/a.png">').write_pdf()

    assert canary.requests == ["/a.png"]


@pytest.mark.parametrize("asking", ASKING)
def test_no_file_is_read(asking: str, secret: Path) -> None:
    html = ASKING[asking].format(u=secret.parent.as_uri(), h=str(secret.parent)).replace("a.txt", secret.name)

    document = pdf.press_html(html.replace("b.txt", secret.name), SMALL)

    assert b"CANARY-SECRET" not in _all_bytes(document)


def test_small_data_addresses_are_drawn_and_large_ones_are_not() -> None:
    drawn = pdf.press_html(f'<img src="data:image/svg+xml;base64,{PIXEL}">', SMALL)
    empty = pdf.press_html("<p></p>", SMALL)
    large = f'<img src="data:image/svg+xml;base64,{PIXEL}{"A" * SMALL.data_bytes}">'

    assert len(drawn) > len(empty)
    assert abs(len(pdf.press_html(large, SMALL)) - len(empty)) < 200


def test_a_page_of_fifty_megabytes_is_refused_before_it_is_laid_out() -> None:
    with pytest.raises(pdf.PdfRefused, match="bytes"):
        pdf.press_html('<img src="data:image/png;base64,' + "A" * 50 * 2**20 + '">', SMALL)


def pixel_bomb(side: int) -> str:
    """A PNG of side × side white pixels that is small as a file and large in memory."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    pixels = zlib.compress(bytes(side + 1) * side, 9)
    image = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
    return "data:image/png;base64," + base64.b64encode(image).decode()


BOMBS = {
    "a pixel bomb": f'<img src="{pixel_bomb(14_000)}">',
    "a huge image": f'<img width="100000" height="100000" src="data:image/svg+xml;base64,{PIXEL}">',
    "100,000 rows": "<table>" + "<tr><td>a<td>b<td>c</tr>" * 100_000 + "</table>",
    "5,000 nested tables": "<table><tr><td>" * 5_000,
    "columns": '<div style="columns:500">' + '<div style="columns:300"><p>word ' * 60 + "</div>" * 61,
    "a long word": "<p>" + "a&nbsp;" * 2_000_000,
    "nested flex": '<div style="display:flex">' * 400 + "x",
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_a_bomb_ends_as_an_error_within_the_limit(bomb: str) -> None:
    """Or as a document: what it may not do is hang, take the memory, or end this process."""
    limits = pdf.Limits(seconds=5, cpu_seconds=4, memory=400 * 2**20)
    started = time.monotonic()

    try:
        document = pdf.press_html(BOMBS[bomb], limits)
    except pdf.PdfRefused as error:
        assert "fewer rows" in error.message or "could not be laid out" in error.message
    else:
        assert document.startswith(b"%PDF")

    assert time.monotonic() - started < limits.seconds + 3


def test_a_bomb_is_not_laid_out_for_ever() -> None:
    with pytest.raises(pdf.PdfRefused, match="fewer rows"):
        pdf.press_html(BOMBS["100,000 rows"], pdf.Limits(seconds=3, cpu_seconds=30))


def test_memory_is_limited() -> None:
    with pytest.raises(pdf.PdfRefused, match=r"memory|laid out"):
        pdf.press_html(BOMBS["100,000 rows"], pdf.Limits(seconds=30, memory=220 * 2**20))


def test_processor_time_is_limited() -> None:
    with pytest.raises(pdf.PdfRefused, match="processor"):
        pdf.press_html(BOMBS["100,000 rows"], pdf.Limits(seconds=30, cpu_seconds=1))


def test_the_press_gets_no_secrets_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_KEY", "s3cret")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")

    assert set(pdf._environment("/x")) <= {"PATH", "LD_LIBRARY_PATH", "FONTCONFIG_FILE", "LANG", "HOME", "TMPDIR"}


def test_no_press_is_left_behind_after_a_time_out() -> None:
    before = set(_children())

    with pytest.raises(pdf.PdfRefused):
        pdf.press_html(BOMBS["100,000 rows"], pdf.Limits(seconds=1))

    assert set(_children()) <= before


def test_missing_system_libraries_say_what_to_type(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = tmp_path / "press.py"
    broken.write_text("import sys\nprint('OSError: cannot load library libpango', file=sys.stderr)\nsys.exit(3)\n")
    monkeypatch.setattr(pdf, "PRESS", broken)

    with pytest.raises(pdf.PdfUnavailable, match=r"type: apt-get update && apt-get install -y libpango"):
        pdf.press_html("<p>x", SMALL)
    assert pdf.is_available() is False


EVIL = "{{7*7}} {% load static %} {% include 'admin/base.html' %} {{ data.__class__ }} <script>x</script> <img src=x>"


def test_data_is_inert_and_escaped(report_data: dict) -> None:
    report_data["title"] = EVIL

    html = pdf.page("invoice_report", report_data)

    assert "{{7*7}} {% load static %} {% include &#x27;admin/base.html&#x27; %}" in html
    assert "<script>" not in html and "<img" not in html
    assert "<class" not in html


def test_data_stays_inert_on_paper(report_data: dict) -> None:
    report_data["title"] = "{{7*7}}"

    document = pdf.render("invoice_report", report_data, style="summary")

    assert "{{7*7}}" in PdfReader(io.BytesIO(document)).pages[0].extract_text()


@pytest.mark.parametrize("name", ["../admin/base", "reports/invoice_report", "Invoice", "x.html", "", "a" * 99])
def test_only_page_templates_of_reports_can_be_named(name: str) -> None:
    with pytest.raises(InvalidInput):
        pdf.page(name, {})


def test_a_missing_page_template_is_named() -> None:
    with pytest.raises(NotFound, match=r"templates/reports/no_such_page\.html"):
        pdf.page("no_such_page", {})


def test_data_that_the_page_cannot_show_is_an_error_that_says_why(report_data: dict) -> None:
    report_data["books"][0]["months"] = [{"label": "Jan"}]

    with pytest.raises(InvalidInput, match="invoice_report cannot show this data: KeyError"):
        pdf.page("invoice_report", report_data)


def test_an_unknown_style_is_refused() -> None:
    with pytest.raises(InvalidInput, match="summary, detailed, executive"):
        pdf.page("invoice_report", {}, style="glossy")


def test_the_press_has_no_network(canary: Canary, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    port = int(canary.url.rsplit(":", 1)[1])
    probe = tmp_path / "probe.py"
    probe.write_text(
        f"import sys\nsys.path.insert(0, {str(pdf.PRESS.parent)!r})\nimport press, socket\n"
        "press.confine(memory=2**30, cpu_seconds=5)\n"
        f"socket.create_connection(('127.0.0.1', {port}), 2)\nprint('%PDF')\n"
    )
    socket.create_connection(("127.0.0.1", port), 2).close()
    if os.geteuid() != 0:
        pytest.skip("whether an unprivileged process may leave the network depends on the kernel's settings")
    monkeypatch.setattr(pdf, "PRESS", probe)

    with pytest.raises(pdf.PdfRefused, match=r"OSError|Network is unreachable|ConnectionRefused"):
        pdf.press_html("", SMALL)


def _children() -> list[str]:
    return Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text().split()


def _all_bytes(document: bytes) -> bytes:
    """The document with its streams unpacked, attachments included."""
    reader = PdfReader(io.BytesIO(document))
    streams = [
        item.get_data()
        for item in map(reader.get_object, range(1, len(reader.xref[0]) + 1))
        if hasattr(item, "get_data")
    ]
    return document + b"".join(streams)
