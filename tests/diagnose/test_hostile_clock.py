"""A controller's clock may claim any time: nothing that it claims ends the explaining."""

from __future__ import annotations

import pytest
from factories import outcome, report

from portcheck import diagnose

DATES = {"certificate_not_before": "2026-01-01T00:00:00Z", "certificate_not_after": "2026-02-01T00:00:00Z"}


@pytest.mark.parametrize("skew_s", [9e11, -9e11, 2.6e11, -6.5e10])
def test_a_clock_beyond_the_last_year_and_before_the_first_puts_no_certificate_in_date(skew_s: float) -> None:
    seen = outcome("ldaps/tcp", facts={**DATES, "clock_skew_s": skew_s})
    codes = [finding.code for finding in diagnose.diagnose(report(seen))]
    assert "certificate-expired" in codes
    assert "time-skew" in codes
