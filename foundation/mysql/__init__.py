"""Django's MySQL backend as we use it: `ENGINE: foundation.mysql` (docs/decisions/0013).

base.py        connections that notice a server's restart, and don't queue up before one that is away
away.py        who may try a server that was away
operations.py  "ignore conflicts" that ignores nothing else; text compared as SQLite compares it
"""
