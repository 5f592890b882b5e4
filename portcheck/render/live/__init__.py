"""What is on the screen while a run goes on."""
