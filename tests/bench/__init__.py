"""The bench: what it writes is tested, what it measures is not."""
