"""What may be wrong with words, told while they are written: at the field and the line, with what to do about it."""
