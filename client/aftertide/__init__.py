"""Aftertide for Python: seal, open, share and export a journal.

    from aftertide.client import Client

    async with Client("https://journal.example.org") as client:
        account = await client.sign_in("ana@example.org", passphrase)
        await account.sync()

`aftertide.protocol` is the protocol alone: pure functions over bytes, without network or files. Nothing is imported here, so
that who needs a part of it (a server checks lengths of padding) loads that part only.
"""
