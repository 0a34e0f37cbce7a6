"""Rotation: new keys for an account whose old ones somebody may have, and everything it owns made anew under them."""
