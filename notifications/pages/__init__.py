"""Pages that users reach by a signed link in a mail: unsubscribing, and their preferences."""
