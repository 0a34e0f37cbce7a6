"""The demo practice of a development database."""

from server.demo.telling import read_sign_ins, tell_demo
from server.settings import Settings

__all__ = ["show_sign_ins", "tell_demo"]


def show_sign_ins(settings: Settings) -> None:
    """Print the address, and how to sign in as each person of the demo."""
    lines = ["", f"  Aftertide is at {settings.origin}", ""]
    for who, sign_in in read_sign_ins(settings).items():
        lines.append(f"  {who:<11} {sign_in['email']:<22} {sign_in['passphrase']}")
    lines += ["", "  Sign in as two of them in two browsers (or one in a private window). Stop with Ctrl+C.", ""]
    print("\n".join(lines), flush=True)
