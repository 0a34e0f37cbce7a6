"""What a phone has to trust, and how: a page without TLS (the phone can't trust TLS before), and a QR code that leads there."""

import contextlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import segno

from server.serving import CannotStart

CERTIFICATE = "/aftertide.crt"
PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Aftertide on this phone</title>
<style>
  body {{ margin: 0 auto; max-width: 34em; padding: 20px; font: 17px/1.5 system-ui, sans-serif; background: #f6f3ec; color: #16302f }}
  h1 {{ font: 600 26px/1.3 Georgia, serif }} h2 {{ font-size: 17px; margin-top: 1.6em }} li {{ margin: .4em 0 }}
  a {{ color: #0c6864 }} .go {{ display: inline-block; padding: 12px 24px; border-radius: 999px; background: #0c6864; color: #fff; text-decoration: none }}
  @media (prefers-color-scheme: dark) {{ body {{ background: #0d1615; color: #e9e5da }} a {{ color: #74d3c6 }} .go {{ background: #74d3c6; color: #06201d }} }}
</style>
<h1>Aftertide on this phone</h1>
<p>The app seals what you write on the phone, and browsers allow that over an encrypted connection only. The computer you are
trying it on has made a certificate for that. It speaks for addresses of your local network and for nothing else. Remove it when you are done.</p>
<p><a class="go" href="{certificate}" download>1. Get the certificate</a></p>
<h2>iPhone and iPad</h2>
<ol>
<li>Open this page in Safari, tap the button above, then Allow.</li>
<li>Settings, at the top: Profile Downloaded, then Install.</li>
<li>Settings, General, About, Certificate Trust Settings: turn on “Aftertide on this network”.</li>
</ol>
<h2>Android</h2>
<ol>
<li>Tap the button above.</li>
<li>Settings, search for “CA certificate”, Install anyway, choose the file aftertide.crt.</li>
</ol>
<p><a class="go" href="{origin}">2. Open Aftertide</a></p>
<p>To remove it: on iPhone Settings, General, VPN &amp; Device Management; on Android search the settings for “User credentials”.</p>
</html>
"""


@contextlib.contextmanager
def guide_server(origin: str, authority: bytes, port: int) -> Iterator[None]:
    """Serve the page and the authority's certificate on all addresses, without TLS, until the block ends.

    Raises CannotStart when the port is taken.
    """
    page = PAGE.format(certificate=CERTIFICATE, origin=origin).encode()
    answers = {"/": ("text/html; charset=utf-8", page), CERTIFICATE: ("application/x-x509-ca-cert", authority)}

    class Guide(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            kind, body = answers.get(self.path, ("text/plain", b"There is nothing at this address.\n"))
            self.send_response(200 if self.path in answers else 404)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Log nothing: who asks is nobody's business."""

    try:
        server = ThreadingHTTPServer(("0.0.0.0", port), Guide)  # noqa: S104 - phones on the local network are who it is for
    except OSError as error:
        raise CannotStart(f"can't listen on port {port}: {error.strerror}; choose another with PORT") from error
    with server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield
        finally:
            server.shutdown()


def show_guide(guide: str) -> None:
    """Print the page's address with its QR code."""
    print("\n  On the phone, in the same Wi-Fi, scan this or open " + guide + "\n", flush=True)
    segno.make(guide, error="m").terminal(compact=True)
    print("\n  It says what to trust on iOS and Android, and leads to the app.", flush=True)
