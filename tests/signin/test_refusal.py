"""What a refused bind means; the texts are Samba's (4.17, recorded) and Windows' as documented."""

from __future__ import annotations

import pytest

from portcheck.catalogue.errors import errors
from portcheck.diagnose.symptoms import AD_49
from portcheck.signin.refusal import SUB_CODES, Refused, refusal

SAMBA = "80090308: LdapErr: DSID-0C0903A9, comment: AcceptSecurityContext error, data {}, v1db1"
NTLM = "8009030C: LdapErr: DSID-0C0904DC, comment: AcceptSecurityContext error, data {}, v1db1"
BINDINGS = "80090346: LdapErr: DSID-0C090569, comment: AcceptSecurityContext error, data 80090346, v4563"
INTEGRITY = (
    "00002028: LdapErr: DSID-0C090257, comment: The server requires binds to turn on integrity checking if SSL\\TLS"
    " are not already active on the connection, data 0, v1db1"
)


@pytest.mark.parametrize(
    ("code", "text", "kind", "sub_code"),
    [
        (49, SAMBA.format("52e"), Refused.CREDENTIALS, "52e"),
        (49, NTLM.format("52e"), Refused.CREDENTIALS, "52e"),
        (49, SAMBA.format("525"), Refused.CREDENTIALS, "525"),
        (49, SAMBA.format("533"), Refused.ACCOUNT_STATE, "533"),
        (49, SAMBA.format("701"), Refused.ACCOUNT_STATE, "701"),
        (49, SAMBA.format("773"), Refused.ACCOUNT_STATE, "773"),
        (49, SAMBA.format("775"), Refused.ACCOUNT_STATE, "775"),
        (49, SAMBA.format("abc"), Refused.CREDENTIALS, "abc"),
        (49, "", Refused.CREDENTIALS, ""),
        (49, BINDINGS, Refused.CHANNEL_BINDING, ""),
        (8, INTEGRITY, Refused.SIGNING, ""),
        (8, "SASL:[GSS-SPNEGO]: Sign or Seal are required.", Refused.SIGNING, ""),
        (7, "", Refused.METHOD, ""),
        (51, "", Refused.SERVER, ""),
        (-1, "", Refused.SERVER, ""),
    ],
)
def test_each_refusal_has_its_owner(code: int, text: str, kind: Refused, sub_code: str) -> None:
    found = refusal(code, text)
    assert (found.kind, found.sub_code) == (kind, sub_code)


@pytest.mark.parametrize("sub_code", SUB_CODES)
def test_every_sub_code_is_catalogued_and_named_by_findings(sub_code: str) -> None:
    assert f"ldap-49-{sub_code}" in errors()
    assert sub_code in AD_49


@pytest.mark.parametrize("kind", [Refused.SIGNING, Refused.METHOD, Refused.SERVER])
def test_only_what_never_looked_at_the_password_lets_another_attempt_follow(kind: Refused) -> None:
    codes = {Refused.SIGNING: 8, Refused.METHOD: 48, Refused.SERVER: 51}
    assert not refusal(codes[kind], "").counted
    assert refusal(49, SAMBA.format("52e")).counted
    assert refusal(49, SAMBA.format("775")).counted
    assert refusal(49, BINDINGS).counted
