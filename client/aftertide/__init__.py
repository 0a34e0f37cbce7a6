"""Aftertide for Python: seal, open, share and export a journal.

`aftertide.protocol` is the protocol, pure functions over bytes, without network or files. What stands beside it speaks
to a server.
"""
