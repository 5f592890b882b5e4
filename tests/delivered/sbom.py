"""What a file is made of, in CycloneDX 1.5 (https://cyclonedx.org/docs/1.5/json): names, versions, licences, hashes."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Iterable, Mapping
from email.parser import HeaderParser
from pathlib import Path


def part(wheel: Path) -> dict[str, str]:
    """Name, version, licence and hash of a wheel, as its own METADATA tells them."""
    with zipfile.ZipFile(wheel) as content:
        (told,) = [name for name in content.namelist() if name.endswith(".dist-info/METADATA")]
        metadata = HeaderParser().parsestr(content.read(told).decode("utf-8"))
    licence = metadata["License-Expression"] or metadata["License"] or ""
    found = {
        "name": metadata["Name"],
        "version": metadata["Version"],
        "sha256": hashlib.sha256(wheel.read_bytes()).hexdigest(),
    }
    return found | ({"licence": licence.splitlines()[0][:100]} if licence.strip() else {})


def document(made: Path, parts: Iterable[Mapping[str, str]]) -> dict[str, object]:
    """The whole SBOM of the file."""
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {
            "component": {
                "type": "application",
                "name": made.name,
                "hashes": [_sha256(hashlib.sha256(made.read_bytes()).hexdigest())],
            }
        },
        "components": [_component(row) for row in parts],
    }


def _component(row: Mapping[str, str]) -> dict[str, object]:
    name = row["name"].lower().replace("_", "-")
    found: dict[str, object] = {
        "type": "library",
        "name": row["name"],
        "version": row["version"],
        "purl": f"pkg:pypi/{name}@{row['version']}",
        "hashes": [_sha256(row["sha256"])],
    }
    return found | ({"licenses": [{"license": {"name": row["licence"]}}]} if "licence" in row else {})


def _sha256(content: str) -> dict[str, str]:
    return {"alg": "SHA-256", "content": content}
