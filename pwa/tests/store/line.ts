import { type FakeServer, whatOf } from "./fake-server";

/** What a device's network does to its next requests. */
export interface Line {
  /** No connection at all. */
  away: boolean;
  /** The server handles the next matching request, and the answer is lost. */
  loseAnswerTo: RegExp | undefined;
  /** A captive portal answers instead. */
  portal: boolean;
  /** The server says 401 to everything. */
  signedOut: boolean;
  /** Every request that got through: "PUT /api/records/…". */
  readonly seen: { readonly what: string; readonly body: string }[];
}

/** Connects a new device to a server: its own cookie, its own network. */
export function connect(server: FakeServer): { line: Line; fetch: (request: Request) => Promise<Response> } {
  const line: Line = { away: false, loseAnswerTo: undefined, portal: false, signedOut: false, seen: [] };
  let cookie: string | undefined;
  const fetch = async (request: Request): Promise<Response> => {
    if (line.away) throw new TypeError("Failed to fetch");
    if (line.portal) return new Response("<html>Sign in to the hotel</html>", { status: 200 });
    const what = whatOf(request);
    const text = await request.text();
    line.seen.push({ what, body: text });
    const { response, session } = await server.answer(request, text, line.signedOut ? undefined : cookie);
    if (line.loseAnswerTo?.test(what)) {
      line.loseAnswerTo = undefined;
      throw new TypeError("Failed to fetch");
    }
    if (!line.signedOut) cookie = session;
    return response;
  };
  return { line, fetch };
}
