"""What a run would send, packet by packet, told without sending anything."""
