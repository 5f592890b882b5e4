"""Lines to records: plain logs, saved event logs, exports; damaged ones too."""

from portcheck.logs.records import LONGEST, records

EVENT = (
    "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System><Provider Name='NETLOGON'/>"
    "<EventID Qualifiers='0'>5719</EventID><TimeCreated SystemTime='2024-05-06T10:00:00.1234567Z'/>"
    "<Computer>web1.alpha.test</Computer></System><EventData><Data>ALPHA</Data><Data>%%1311</Data></EventData></Event>"
)


def test_an_event_is_a_record_with_source_number_time_and_computer() -> None:
    for written in (
        [f"<Events>{EVENT}{EVENT}</Events>"],
        [f"<?xml version='1.0'?><Events>{EVENT}", EVENT, "</Events>"],
    ):
        (first, second) = records(written)
        assert first == second
        assert first.text.startswith("Source: NETLOGON Event ID: 5719")
        assert "ALPHA" in first.text
        assert (first.when, first.host) == ("2024-05-06T10:00:00.1234567Z", "web1.alpha.test")


def test_an_event_over_several_lines_is_one_record() -> None:
    assert len(list(records(EVENT.replace("><", ">\n<").splitlines()))) == 1


def test_an_export_of_the_event_viewer_is_read_by_its_columns() -> None:
    rows = [
        "Level,Date and Time,Source,Event ID,Task Category",
        'Error,5/6/2024 10:00:00 AM,NETLOGON,5719,None,"This computer was not able to set up a secure session',
        'with a domain controller in domain ALPHA"',
        "Warning,5/6/2024 9:00:00 AM,Microsoft-Windows-Time-Service,129,None,NtpClient was unable",
    ]
    (first, second) = records(rows)
    assert first.text.startswith("Source: NETLOGON Event ID: 5719")
    assert "secure session" in first.text
    assert first.when == "5/6/2024 10:00:00 AM"
    assert "Event ID: 129" in second.text


def test_an_export_of_powershell_with_semicolons_is_read_too() -> None:
    rows = ['"Message";"Id";"ProviderName";"TimeCreated"', '"no answer";"5719";"NETLOGON";"06.05.2024 10:00:00"']
    (only,) = records(rows)
    assert only.text.startswith("Source: NETLOGON Event ID: 5719")


def test_a_quote_that_is_never_closed_does_not_end_the_reading() -> None:
    rows = ["Source,Event ID,Message", 'NETLOGON,5719,"open', *(["x" * 2000] * 100), "NETLOGON,5783,closed"]
    assert any("5783" in record.text for record in records(rows))


def test_an_event_without_an_end_stays_bounded() -> None:
    kept = list(records(["<Events><Event><EventID>1</EventID>", *(["y" * 1000] * 1000)]))
    assert max(len(record.text) for record in kept) < 2 * LONGEST


def test_plain_lines_are_records_as_they_are() -> None:
    assert [record.text for record in records(["", "one, two", "three"])] == ["one, two", "three"]
    assert list(records([])) == [next(records([]))]
