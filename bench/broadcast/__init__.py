"""`make bench-broadcast`: broadcasts beside the bare cost of the same reading and writing (issue 6, §5)."""
