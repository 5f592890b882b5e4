"""forests.toml to `ForestSpec`; each complaint names file, line, key and the nearest valid key.

Also the one reading of durations, names, addresses, ports and servers, for the command line's flags as well.
"""

from portcheck.config.durations import format_duration, parse_duration
from portcheck.config.forests import parse_ca_file
from portcheck.config.load import FILE_NAME, VARIABLE, find, load
from portcheck.config.names import (
    Server,
    family,
    is_address,
    parse_address,
    parse_host,
    parse_name,
    parse_port,
    parse_server,
    parse_vantage,
)
from portcheck.config.proxies import DIRECT, ProxySpec, parse_proxy
from portcheck.config.settings import FailOn, Settings, parse_rate, parse_site
from portcheck.config.spec import (
    BindSpec,
    Configuration,
    DcSpec,
    ExtraPort,
    ForestSpec,
    SystemSpec,
)
from portcheck.config.systems import CLOUD, parse_system
from portcheck.config.words import ConfigError, nearest, printable

__all__ = [
    "CLOUD",
    "DIRECT",
    "FILE_NAME",
    "VARIABLE",
    "BindSpec",
    "ConfigError",
    "Configuration",
    "DcSpec",
    "ExtraPort",
    "FailOn",
    "ForestSpec",
    "ProxySpec",
    "Server",
    "Settings",
    "SystemSpec",
    "family",
    "find",
    "format_duration",
    "is_address",
    "load",
    "nearest",
    "parse_address",
    "parse_ca_file",
    "parse_duration",
    "parse_host",
    "parse_name",
    "parse_port",
    "parse_proxy",
    "parse_rate",
    "parse_server",
    "parse_site",
    "parse_system",
    "parse_vantage",
    "printable",
]
