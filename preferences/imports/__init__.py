"""Bringing in people from a file: CSV or JSON, any number of lines, in batches, resumable, bad rows back as a file.

`reading` makes rows of bytes, `mapping` says what a column fills, `taking` brings a batch of rows in, `jobs` holds an
import together from its upload to its end.
"""
