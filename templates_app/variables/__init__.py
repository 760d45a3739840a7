"""What the events of a type bring: names, kinds, examples, and which are required."""
