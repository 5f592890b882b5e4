"""One file = one protocol = one probe. `registry` gathers them; it is imported when the first packet is out."""
