"""The groups in which `--help` shows options."""

from __future__ import annotations

WHAT = "What to ask"
HOW_TO_ASK = "How to ask"
SIGN_IN = "Signing in"
OUTPUT = "Output"
UNATTENDED = "On a schedule"
