"""The pages on which a type's words are written, looked at, published, compared and brought back."""
