"""The rootDSE: typed facts from recorded answers, and missing ones never a fault."""

from collections.abc import Callable

from portcheck.wire import ldap
from portcheck.wire.rootdse import RootDse, dns_name, rootdse_request, site_of


def test_the_request_asks_the_root_by_name_and_for_nothing_below() -> None:
    request = rootdse_request(3)
    assert (request.message_id, request.base, request.scope) == (3, "", ldap.BASE_OBJECT)
    assert {"dnsHostName", "currentTime", "isGlobalCatalogReady", "vendorName"} <= set(request.attributes)


def test_recorded_windows_controllers_tell_who_they_are(recordings: Callable) -> None:
    seen = {}
    for recorded in recordings("ldap"):
        entry = ldap.unpack_messages(recorded.response)[0].op
        if isinstance(entry, ldap.SearchEntry):
            root, told = RootDse.from_entry(entry), recorded.expected["attributes"]
            assert root.dns_host_name == told["dnsHostName"]
            assert root.default_naming_context == told.get("defaultNamingContext")
            assert list(root.capabilities) == told["supportedCapabilities"]
            assert list(root.sasl_mechanisms) == told.get("supportedSASLMechanisms", [])
            assert root.is_domain_controller
            assert root.vendor is None
            seen[recorded.name] = (root.domain, root.forest, root.site, root.domain_controller_level)
    assert seen["rootdse-dmc"] == ("dmc.local", "dmc.local", "Default-First-Site-Name", None)
    assert seen["rootdse-win2003"][2] == "Standardname-des-ersten-Standorts"
    assert seen["rootdse-theshire-2"] == (None, None, None, 7)


def test_sambas_attributes_become_typed_facts() -> None:
    told = {
        "isSynchronized": "TRUE",
        "isGlobalCatalogReady": "false",
        "domainFunctionality": "4",
        "forestFunctionality": "four",
        "domainControllerFunctionality": "10",
        "vendorName": "Samba Team",
        "currentTime": "20261122213559.0Z",
        "ldapServiceName": "alpha.test:dc1$@ALPHA.TEST",
    }
    root = RootDse.from_entry(ldap.SearchEntry(1, "", tuple((k, (v.encode(),)) for k, v in told.items())))
    assert (root.is_synchronized, root.is_gc_ready) == (True, False)
    assert (root.domain_level, root.forest_level, root.domain_controller_level) == (4, None, 10)
    assert (root.vendor, root.current_time) == ("Samba Team", 1795383359.0)
    assert root.ldap_service_name == "alpha.test:dc1$@ALPHA.TEST"
    assert root.is_domain_controller is False


def test_an_empty_or_odd_entry_tells_nothing_and_breaks_nothing() -> None:
    assert RootDse.from_entry(ldap.SearchEntry(1)) == RootDse()
    odd = ldap.SearchEntry(
        1, "", (("currentTime", (b"yesterday",)), ("isSynchronized", (b"\xff",)), ("serverName", ()))
    )
    assert RootDse.from_entry(odd) == RootDse()


def test_names_come_from_distinguished_names_with_escapes_and_any_case() -> None:
    assert dns_name("dc=EMEA, DC=alpha,DC=test") == "emea.alpha.test"
    assert (dns_name("CN=Schema"), dns_name(None)) == (None, None)
    assert site_of(r"CN=DC1,CN=Servers,CN=Paris\, Nord,CN=Sites,CN=Configuration,DC=a") == "Paris, Nord"
    assert site_of("CN=DC1,OU=Domain Controllers,DC=alpha,DC=test") is None
