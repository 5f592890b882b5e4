"""What several outputs say alike."""
