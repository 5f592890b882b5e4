"""The merged report as one JSON document (contract: `portcheck.merged/1`)."""

from __future__ import annotations

from portcheck.merge.points import Merged
from portcheck.merge.to_json import to_json
from portcheck.render.shared.options import Options
from portcheck.report.to_json import by_rows


def render(merged: Merged, _options: Options) -> str:
    return "".join(by_rows(to_json(merged).items()))
