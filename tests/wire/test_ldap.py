"""LDAP messages against ldap3's encoder, against recorded Windows answers, and against damage."""

from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portcheck.wire import WireError, ber, ldap
from portcheck.wire.ldap_filter import And, Equals, OtherFilter
from portcheck.wire.rootdse import ATTRIBUTES, rootdse_request

MESSAGES = (
    rootdse_request(7),
    ldap.SearchRequest(2, "dc=a", 2, And((Equals("a", b"b"), OtherFilter(0xA2, b"\x87\x01x"))), ("x",), 5),
    ldap.SearchEntry(3, "", (("dnsHostName", (b"dc1.alpha.test",)), ("empty", ()))),
    ldap.SearchReference(4, ("ldap://a/DC=a", "ldap://b/DC=b")),
    ldap.SearchDone(5, 10, "DC=a", "0000202B", ("ldap://c/",)),
    ldap.BindResponse(6, 8, "", "00002028"),
    ldap.ExtendedRequest(8),
    ldap.ExtendedRequest(8, "1.2.3", b"value"),
    ldap.ExtendedResponse(9, 52, "", "unavailable", ldap.START_TLS),
)


def test_requests_are_byte_identical_with_ldap3s() -> None:
    from ldap3.operation.extended import extended_operation
    from ldap3.operation.search import search_operation
    from ldap3.protocol.rfc4511 import LDAPMessage, MessageID, ProtocolOp
    from pyasn1.codec.ber import encoder

    def encoded(message_id: int, kind: str, request: object) -> bytes:
        message = LDAPMessage()
        message["messageID"] = MessageID(message_id)
        message["protocolOp"] = ProtocolOp().setComponentByName(kind, request)
        return encoder.encode(message)

    search = search_operation("", "(objectClass=*)", "BASE", "NEVER", list(ATTRIBUTES), 0, 0, False, None, None)
    assert encoded(7, "searchRequest", search) == rootdse_request(7).pack()
    start_tls = extended_operation(ldap.START_TLS)
    assert encoded(1, "extendedReq", start_tls) == ldap.ExtendedRequest().pack()


def test_start_tls_is_the_recorded_request(recordings: Callable) -> None:
    recorded = next(r for r in recordings("ldap") if r.name.startswith("starttls"))
    assert ldap.ExtendedRequest().pack() == recorded.request
    answer = ldap.unpack_message(recorded.response).op
    assert isinstance(answer, ldap.ExtendedResponse)
    assert (answer.code, answer.name) == (0, recorded.expected["ldap.responseName"])
    assert answer.pack(long_form=True) == recorded.response


@pytest.mark.parametrize("message", MESSAGES, ids=lambda m: type(m).__name__)
@pytest.mark.parametrize("long_form", [False, True])
def test_messages_survive_the_way_there_and_back(message: ldap.Operation, long_form: bool) -> None:
    assert ldap.unpack_message(message.pack(long_form=long_form)) == ldap.Message(message.message_id, message)


@pytest.mark.parametrize("message", MESSAGES, ids=lambda m: type(m).__name__)
def test_every_truncation_is_an_error_and_an_incomplete_frame(message: ldap.Operation) -> None:
    packed = message.pack()
    for size in range(len(packed)):
        length = ldap.frame(packed[:size])
        assert length is None or length == len(packed) > size
        with pytest.raises(WireError):
            ldap.unpack_message(packed[:size])


def test_every_inner_truncation_is_an_error() -> None:
    """The outer lengths are right, the operation inside is cut."""
    for message in MESSAGES:
        number, operation = ber.children(ber.whole(message.pack(), ber.SEQUENCE))
        for size in range(1, len(operation.value)):
            cut = ber.tlv(ber.SEQUENCE, ber.integer(number.value[0]), ber.tlv(operation.tag, operation.value[:size]))
            try:
                shorter = ldap.unpack_message(cut).op
            except WireError:
                continue
            # cut between two elements, and the rest was optional
            assert shorter != message
            assert type(shorter) is type(message)


def test_recorded_answers_say_what_the_dissector_read(recordings: Callable) -> None:
    for recorded in recordings("ldap"):
        messages = ldap.unpack_messages(recorded.response)
        ids = [str(m.message_id) for m in messages]
        assert recorded.expected["ldap.messageID"] in (ids, *ids), recorded.name
        ended = messages[-1].op
        assert isinstance(ended, ldap.SearchDone | ldap.ExtendedResponse | ldap.BindResponse), recorded.name
        assert str(ended.code) == recorded.expected["ldap.resultCode"], recorded.name
        assert ended.message == recorded.expected.get("ldap.errorMessage", ""), recorded.name
        urls = [u for m in messages for u in getattr(m.op, "urls", ()) + getattr(m.op, "referrals", ())]
        assert urls == recorded.expected.get("ldap.LDAPURL", []), recorded.name
        attributes = {
            name: [v.decode() for v in values]
            for m in messages
            if isinstance(m.op, ldap.SearchEntry)
            for name, values in m.op.attributes
        }
        for name, value in recorded.expected.get("attributes", {}).items():
            assert attributes.pop(name) == (value if isinstance(value, list) else [value]), recorded.name
        assert not attributes, recorded.name


def test_recorded_rootdses_are_rebuilt_byte_by_byte_in_windows_manner(recordings: Callable) -> None:
    for recorded in recordings("ldap"):
        if recorded.name.startswith("rootdse"):
            rebuilt = b"".join(m.op.pack(long_form=True) for m in ldap.unpack_messages(recorded.response))
            assert rebuilt == recorded.response, recorded.name


def test_a_notice_of_disconnection_belongs_to_no_question(recordings: Callable) -> None:
    recorded = next(r for r in recordings("ldap") if r.name.startswith("notice"))
    notice = ldap.unpack_message(recorded.response).op
    assert isinstance(notice, ldap.ExtendedResponse)
    assert (notice.message_id, notice.name) == (0, "1.3.6.1.4.1.1466.20036")  # RFC 4511, 4.4.1


def test_an_answer_is_complete_with_its_last_message_and_not_before() -> None:
    entry, done = ldap.SearchEntry(1, "", (("a", (b"b",)),)).pack(), ldap.SearchDone(1).pack()
    whole = entry + ldap.SearchReference(1, ("ldap://x/",)).pack() + done
    for size in range(len(whole)):
        assert ldap.AnswerFrame()(whole[:size]) is None
    assert ldap.AnswerFrame()(whole + b"surplus") == len(whole)


def test_an_answer_without_end_is_refused() -> None:
    with pytest.raises(WireError, match="without end"):
        ldap.AnswerFrame()(ldap.SearchReference(1, ()).pack() * 5000)


@pytest.mark.parametrize("buffer", [b"HTTP/1.1 400", b"\x16\x03\x01", bytes.fromhex("308400100001"), b"\x30\x80"])
def test_foreign_and_huge_frames_are_refused(buffer: bytes) -> None:
    with pytest.raises(WireError):
        ldap.frame(buffer)


def test_attributes_are_found_without_regard_to_case() -> None:
    entry = ldap.SearchEntry(1, "", (("DNSHOSTNAME", (b"dc1", b"dc2")),))
    assert (entry.first("dnsHostName"), entry.all("dnshostname")) == ("dc1", ("dc1", "dc2"))
    assert (entry.first("other"), entry.first_bytes("other"), entry.all_bytes("other")) == (None, None, ())


def test_credentials_of_a_bind_are_not_kept() -> None:
    simple = ber.integer(3) + ber.octets("cn=a") + ber.octets("secret", 0x80)
    bind = ldap.unpack_message(ber.tlv(0x30, ber.integer(1), ber.tlv(ldap.BIND_REQUEST, simple))).op
    assert bind == ldap.BindRequest(1, 3, "cn=a", "simple")


def test_filters_nested_without_end_are_refused() -> None:
    nested = ber.octets("objectClass", 0x87)
    for _ in range(2000):
        nested = ber.tlv(0xA0, nested)
    packed = ldap.SearchRequest(1, filter=OtherFilter(nested[0], ber.read(nested)[0].value)).pack()
    with pytest.raises(WireError, match="nested"):
        ldap.unpack_message(packed)


@given(st.binary(max_size=200), st.sampled_from([m.pack() for m in MESSAGES]), st.data())
def test_noise_and_damage_raise_nothing_but_wire_errors(noise: bytes, packed: bytes, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(packed) - 1))
    for hostile in (noise, b"\x30" + noise, packed[:place] + noise + packed[place + len(noise) :]):
        for read in (ldap.unpack_messages, ldap.unpack_message, ldap.frame, ldap.AnswerFrame()):
            with suppress(WireError):
                read(hostile)
