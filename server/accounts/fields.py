"""Fields that several structs share, with their lengths and forms."""

from typing import Annotated

import msgspec

Bytes16 = Annotated[bytes, msgspec.Meta(min_length=16, max_length=16)]
Bytes32 = Annotated[bytes, msgspec.Meta(min_length=32, max_length=32)]
KeyId = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_-]{22}$", max_length=22)]
Email = Annotated[str, msgspec.Meta(min_length=3, max_length=254)]
Locale = Annotated[str, msgspec.Meta(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$(?!\n)", max_length=35)]
ZoneName = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_+/-]{1,64}$(?!\n)")]
SealedKey = Annotated[bytes, msgspec.Meta(min_length=61, max_length=61)]
"""32 bytes under `seal`: version, nonce, tag."""
Label = Annotated[str, msgspec.Meta(pattern=r"^[^\x00-\x1f\x7f]*$(?!\n)", max_length=80)]
"""Without control characters: PostgreSQL keeps no NUL, and a list shows one line."""
Gen = Annotated[int, msgspec.Meta(ge=1, le=2**31 - 1)]
CredentialId = Annotated[bytes, msgspec.Meta(min_length=1, max_length=1023)]
