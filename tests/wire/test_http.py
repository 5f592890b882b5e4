"""HTTP heads, and the Identify question of WS-Management."""

from __future__ import annotations

import pytest

from portcheck.wire import WireError, http, wsman

NOT_FOUND = (
    b"HTTP/1.1 404 Not Found\r\nContent-Type: text/html; charset=us-ascii\r\n"
    b"Server: Microsoft-HTTPAPI/2.0\r\nContent-Length: 5\r\n\r\nhello"
)


def test_a_get_is_one_head_with_its_host() -> None:
    assert http.request("GET", "dc1.alpha.test:5985") == (
        b"GET / HTTP/1.1\r\nHost: dc1.alpha.test:5985\r\nConnection: close\r\n\r\n"
    )


def test_the_identify_request_asks_without_a_logon() -> None:
    raw = wsman.identify_request("dc1.alpha.test:5985")
    request = http.HttpRequest.unpack(raw)
    assert http.frame(raw) == len(raw)
    assert (request.method, request.path) == ("POST", "/wsman")
    assert request.header("wsmanidentify") == "unauthenticated"
    assert request.header("Authorization") is None
    assert request.header("content-length") == str(len(request.body))
    assert b"<wsmid:Identify/>" in request.body


def test_the_head_of_an_answer_is_read() -> None:
    response = http.HttpResponse.unpack(NOT_FOUND)
    assert (response.status, response.reason, response.body) == (404, "Not Found", b"hello")
    assert response.server == "Microsoft-HTTPAPI/2.0"
    assert http.frame(NOT_FOUND + b"surplus") == len(NOT_FOUND)


def test_a_body_that_is_not_there_yet_is_waited_for_and_one_without_length_is_not() -> None:
    assert http.frame(NOT_FOUND[:-5]) == len(NOT_FOUND)
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    assert http.frame(chunked + b"5\r\nhello\r\n") == len(chunked)
    bodiless = b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n"
    assert http.frame(bodiless) == len(bodiless)


def test_an_answer_comes_back_as_it_was_packed() -> None:
    response = http.HttpResponse(401, "Unauthorized", (("WWW-Authenticate", "Negotiate"),), b"no")
    again = http.HttpResponse.unpack(response.pack())
    assert (again.status, again.reason, again.body) == (401, "Unauthorized", b"no")
    assert again.header("www-authenticate") == "Negotiate"


def test_a_body_is_never_announced_longer_than_the_bound() -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n"
    assert http.frame(head) == len(head) + http.MAX_BODY


def test_identify_tells_the_product() -> None:
    response = wsman.identify_response("Microsoft Corporation", "OS: 0.0.0 SP: 0.0 Stack: 3.0")
    assert wsman.product(http.HttpResponse.unpack(response.pack()).body) == (
        "Microsoft Corporation OS: 0.0.0 SP: 0.0 Stack: 3.0"
    )
    assert wsman.product(b"<html>no</html>") is None
    assert wsman.product(b"<x:ProductVendor>Openwsman Project</x:ProductVendor>") == "Openwsman Project"


def test_a_header_cannot_steer_the_terminal() -> None:
    response = http.HttpResponse.unpack(b"HTTP/1.1 200 \x1b[2J\r\nServer: \x1b]0;owned\x07\r\n\r\n")
    assert response.reason.isprintable()
    assert response.server is not None
    assert response.server.isprintable()


def test_a_line_break_cannot_be_smuggled_into_a_request() -> None:
    with pytest.raises(ValueError, match="line break"):
        http.request("GET", "host\r\nEvil: yes")


@pytest.mark.parametrize("foreign", [b"\x16\x03\x01", b"220 smtp ready", b"0", b"HTTPX" * 4, b"get / http/1.0"])
def test_what_cannot_be_http_is_refused_at_once(foreign: bytes) -> None:
    with pytest.raises(WireError):
        http.frame(foreign)


@pytest.mark.parametrize(
    "raw",
    [
        b"HTTP/1.1 2xx OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nno colon here\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * (http.MAX_HEADERS + 1) + b"\r\n",
        b"HTTP/1.1 200 OK\r\n",
    ],
    ids=["no number", "no header", "too many headers", "no end"],
)
def test_a_broken_head_is_refused(raw: bytes) -> None:
    with pytest.raises(WireError):
        http.HttpResponse.unpack(raw)


def test_a_head_without_end_is_refused_and_not_collected_for_ever() -> None:
    assert http.frame(b"HTTP/1.1 200 OK\r\nX: ") is None
    with pytest.raises(WireError, match="without end"):
        http.frame(b"HTTP/1.1 200 OK\r\nX: ".ljust(http.MAX_HEAD, b"a"))
    with pytest.raises(WireError, match="no number"):
        http.frame(b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n")
