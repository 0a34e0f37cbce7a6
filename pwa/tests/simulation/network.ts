import type { FakeServer } from "../store/fake-server";
import type { Scheduler } from "./scheduler";

/** What is wrong with a device's way to the server. */
export type Trouble = "away" | "portal" | "sick" | undefined;

/** Where answers go: a page, as long as it is there. */
export interface Asking {
  readonly name: string;
  readonly ended: boolean;
}

/** What a device is seen to send. */
export type Overhear = (what: string, body: string) => void;

/**
 * A device's way to the server. A request arrives when the seed lets it, or never, or after its sender has given up, or
 * twice; so does its answer.
 */
export class Wire {
  trouble: Trouble;
  /** What the browser's cookie holds; shared by its pages. */
  session: string | undefined;

  constructor(
    private readonly scheduler: Scheduler,
    private readonly server: () => FakeServer,
    private readonly overhear: Overhear,
    /** Called after the server has done something. */
    private readonly onDone: () => void,
  ) {}

  fetch(page: Asking, request: Request): Promise<Response> {
    if (this.trouble === "away") return Promise.reject(new TypeError("Failed to fetch"));
    const { scheduler } = this;
    const what = `${request.method} ${new URL(request.url).pathname}`;
    void request.text().then((body) => this.overhear(what, body));
    return new Promise((resolve, reject) => {
      const fail = (): void => {
        scheduler.count("requests or answers lost");
        scheduler.later(`${page.name} gives up ${what}`, () => reject(new TypeError("Failed to fetch")), page);
      };
      const arrive = async (times: number, answer: (response: Response) => void): Promise<void> => {
        const text = await request.text();
        let response = await this.#ask(request, text);
        for (; times > 1; times--) response = await this.#ask(request, text);
        answer(response);
      };
      const answered = (response: Response): void => {
        if (page.ended) return;
        if (this.#happens(0.04)) fail();
        else scheduler.later(`${page.name} is answered ${response.status} to ${what}`, () => resolve(response), page);
      };
      if (this.#happens(0.02)) {
        scheduler.note(`${page.name} asks in vain ${what}`);
        fail();
        return;
      }
      if (this.#happens(0.02)) {
        scheduler.count("requests late");
        scheduler.later(`arrives after all: ${page.name} ${what}`, () => void arrive(1, () => undefined));
        fail();
        return;
      }
      const twice = this.#happens(0.03);
      if (twice) scheduler.count("requests twice");
      scheduler.later(`arrives${twice ? " twice" : ""}: ${page.name} ${what}`, () => {
        void arrive(twice ? 2 : 1, answered);
      });
    });
  }

  #happens(part: number): boolean {
    return !this.scheduler.calm && this.scheduler.random.chance(part);
  }

  async #ask(request: Request, text: string): Promise<Response> {
    if (this.trouble === "portal") return new Response("<html>Sign in to the hotel</html>", { status: 200 });
    if (this.trouble === "sick") {
      const problem = JSON.stringify({ type: "/problems/server-error", title: "", status: 500, detail: "" });
      return new Response(problem, {
        status: 500,
        headers: { "content-type": "application/problem+json", "aftertide-incarnation": this.server().incarnation },
      });
    }
    const { response, session } = await this.server().answer(request, text, this.session);
    this.session = session;
    if (response.status === 409) this.scheduler.count("conflicts");
    this.onDone();
    return response;
  }
}
