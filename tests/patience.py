"""How long tests wait: very long for what ends by itself, however busy the machine is; a moment for what never will."""

from __future__ import annotations

from portcheck.net.timeouts import Timeouts

PATIENT = Timeouts(connect_s=60.0, answer_s=60.0, attempts=2)
"""For an answer, a refusal, a reset."""
MUTE = Timeouts(connect_s=60.0, answer_s=0.4, attempts=2)
"""For who takes the connection and never answers, or never all of it."""
SILENT = Timeouts(connect_s=0.4, answer_s=60.0, attempts=2)
"""For who never takes the connection, and for datagrams that are never answered, or only by noise."""
