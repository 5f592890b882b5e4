"""One file = one protocol = one probe. `registry` lists them; it is imported when the first packet is out."""
