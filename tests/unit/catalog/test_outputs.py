from apps.catalog import outputs


def test_fill_replaces_names_and_nothing_else() -> None:
    values = {"date": "2026-11-21", "period": "{date}"}
    assert outputs.fill("report_{date}.pdf", values) == "report_2026-11-21.pdf"
    assert outputs.fill("{period} {missing} {date.year} {0} {", values) == "{date} {missing} {date.year} {0} {"
    assert outputs.fill("", values) == ""
