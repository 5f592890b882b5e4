"""`portcheck ui`: the interactive board. Only `app` and `screens` load textual, an extra."""
