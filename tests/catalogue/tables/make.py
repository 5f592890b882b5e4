"""Makes portcheck/catalogue/codes/*.json: numbers, symbols and short texts of error codes, from their own sources.

Run by hand: `python tests/catalogue/tables/make.py MS-ERREF.md krb5_err.et krb5_err.et-of-heimdal
lwadvapi/include/public`. What is taken are facts (number, symbol, text that programs print), no code:

- MS-ERREF, Microsoft Open Specifications, 2.1.1, 2.2 and 2.3.1, as Markdown (repository awakecoding/openspecs,
  skills/windows-protocols/MS-ERREF/MS-ERREF.md). Its notice lets anybody copy it to build implementations.
- Samba's names for them, from the `samba` Python modules where they are installed: names and numbers only.
- MIT krb5, src/lib/krb5/error_tables/*.et (MIT licence) and Heimdal, lib/krb5/*.et (BSD licence).
- The errno values of Linux, from Python's own `errno` and `os.strerror` (run it there).
- PBIS (BeyondTrust/pbis-open, Apache-2.0), lwadvapi/include/public: lwerror.h for the numbers,
  lwerror-table*.h for texts.
"""

from __future__ import annotations

import errno
import json
import os
import re
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parents[3] / "portcheck/catalogue/codes"
ROW = re.compile(r"^\| *(0x[0-9A-F]{8}) ([A-Za-z0-9_]+) *\| *(.*?) *\|$", re.MULTILINE)
FACILITIES = {1, 9, 11}  # MS-ERREF 2.1: RPC, security, certificates
SAMBA = """
import json, samba.ntstatus, samba.werror
print(json.dumps([{n: getattr(m, n) & 0xffffffff for n in dir(m) if n.startswith(p)}
    for m, p in ((samba.ntstatus, "NT_STATUS_"), (samba.werror, "WERR_"))]))
"""


def section(text: str, title: str) -> str:
    after = text.split(title, 1)[1]
    return re.split(r"^##", after, maxsplit=1, flags=re.MULTILINE)[0]


def rows(text: str) -> list[tuple[int, str, str]]:
    return [(int(m[1], 16), m[2], clean(m[3])) for m in ROW.finditer(text)]


def clean(text: str) -> str:
    text = re.sub(r"<[^>]*>|\\(?=[\W_])", " ", text)
    return " ".join(text.replace("{", "").replace("}", ": ").split()).rstrip(". ")[:200]


def table_of_et(path: str) -> list[tuple[int, str, str]]:
    """com_err's source: codes are counted from 0; `index N` sets the count."""
    out, count, prefix = [], 0, ""
    text = re.sub(r'"\s*\\?\s*\n\s*"', "", Path(path).read_text(encoding="utf-8").replace(",\n", ", "))
    for line in text.splitlines():
        if index := re.match(r"\s*index (\d+)", line):
            count = int(index[1])
        elif named := re.match(r"\s*prefix\s*(\w*)", line):
            prefix = f"{named[1]}_" if named[1] else ""
        elif row := re.match(r'\s*(?:error_code|ec)\s+(\w+)\s*,\s*"(.*)"', line):
            if not re.search(r"RESERVED|PLACEHOLD|_RSVD|^KRB5PLACE", row[1]):
                out.append((count, prefix + row[1], row[2]))
            count += 1
    return out


def table_of_pbis(folder: Path) -> list[tuple[int, str, str]]:
    """The numbers of its own; where two texts stand for one symbol, the first."""
    numbers = re.findall(
        r"^#define (LW_ERROR_\w+)\s+(4\d{4})$", (folder / "lwerror.h").read_text("utf-8"), re.MULTILINE
    )
    said: dict[str, str] = {}
    for name in ("lwerror-table.h", "lwerror-table-krb5.h"):
        for symbol, text in re.findall(
            r'^S \( \w+, (\w+), -1, "(.*)" \)', (folder / name).read_text("utf-8"), re.MULTILINE
        ):
            said.setdefault(symbol, clean(text))
    inner = re.compile("_KV5M_|SENTINEL")
    return [(int(number), symbol, said.get(symbol, "")) for symbol, number in numbers if not inner.search(symbol)]


def write(name: str, source: str, licence: str, table: list[tuple[int, str, str]]) -> None:
    lines = ",\n".join(json.dumps(row, ensure_ascii=False) for row in table)
    head = f'{{"source": {json.dumps(source)}, "licence": {json.dumps(licence)}, "rows": ['
    (HERE / f"{name}.json").write_text(f"{head}\n{lines}\n]}}\n", encoding="utf-8")
    print(name, len(table))


def main(erref: str, mit: str, heimdal: str, pbis: str) -> None:
    text = Path(erref).read_text(encoding="utf-8")
    made = subprocess.run(["/usr/bin/python3", "-c", SAMBA], capture_output=True, text=True, check=True).stdout
    nt, w = json.loads(made)
    status = rows(section(text, "### 2.3.1 NTSTATUS Values"))
    known = {symbol for _, symbol, _ in status}
    more = sorted((c, s.removeprefix("NT_"), "") for s, c in nt.items() if s.removeprefix("NT_") not in known)
    write("ntstatus", "ERREF", "Microsoft Open Specifications; names also Samba", [*status, *more])
    win = rows(section(text, "## 2.2 Win32 Error Codes"))
    known = {s.removeprefix("ERROR_") for _, s, _ in win}
    more = sorted((c, s, "") for s, c in w.items() if c < 0x10000 and s.removeprefix("WERR_") not in known)
    write("win32", "ERREF", "Microsoft Open Specifications; names also Samba", [*win, *more])
    wide = [row for row in rows(section(text, "### 2.1.1 HRESULT Values")) if (row[0] >> 16 & 0x7FF) in FACILITIES]
    write("hresult", "ERREF", "Microsoft Open Specifications", wide)
    write("mit", "KRB5-ET", "MIT", table_of_et(mit))
    write("heimdal", "HEIMDAL-ET", "BSD", table_of_et(heimdal))
    write("errno", "POSIX", "facts of the system", [(n, s, os.strerror(n)) for n, s in sorted(errno.errorcode.items())])
    write("pbis", "PBIS-SRC", "Apache-2.0", table_of_pbis(Path(pbis)))


if __name__ == "__main__":
    main(*sys.argv[1:])
