import { type Api, ApiProblem, NoAnswer, type Schemas } from "../api/client";
import { StoreError } from "./errors";
import { asStoreError } from "./problems";
import type { PushBrowser } from "./pushBrowser";
import type { Phone, PhoneState } from "./reminding";

type Subscription = Schemas["SubscriptionView"];

/** What this device's browser has subscribed, beside what the server has kept of it: renewed at each start. */
export class PushPhone implements Phone {
  state = $state<PhoneState>("unknown");
  lost = $state(false);
  #tail: Promise<void> = Promise.resolve();

  constructor(
    private readonly api: Api,
    private readonly browser: PushBrowser,
  ) {}

  /** One after the other: two at once would each give the browser a subscription of its own. */
  #inTurn(work: () => Promise<void>): Promise<void> {
    const done = this.#tail.then(work);
    this.#tail = done.catch(() => undefined);
    return done;
  }

  look(): Promise<void> {
    return this.#inTurn(async () => {
      try {
        await this.#look();
      } catch (error) {
        // Without an answer it stays as it was seen; there is another start.
        if (!(error instanceof NoAnswer || error instanceof ApiProblem)) throw error;
      }
    });
  }

  async #look(): Promise<void> {
    const ability = await this.browser.ability();
    if (ability !== "able") {
      this.state = ability;
      return;
    }
    const kept = (await this.api.pushSubscription()).subscription;
    const held = await this.browser.held();
    const permission = this.browser.permission();
    const wanted = kept !== null || held !== undefined;
    if (permission !== "granted") {
      this.state = permission === "denied" ? "refused" : kept ? "stopped" : "off";
      this.lost = kept !== null;
    } else if (wanted) {
      await this.#subscribe();
    } else {
      this.state = "off";
      this.lost = false;
    }
  }

  /** Subscribes, or keeps the subscription there is where the server can use it. */
  async #subscribe(): Promise<void> {
    const { key } = await this.api.pushKey();
    try {
      let held = await this.browser.held();
      if (held && held.serverKey !== key) {
        // Made with a key that this server no longer has: what it sends would be refused.
        await this.browser.unsubscribe();
        held = undefined;
      }
      let stands = await this.#keep(held ?? (await this.browser.subscribe(key)));
      if (stands.state === "ended") {
        await this.browser.unsubscribe();
        stands = await this.#keep(await this.browser.subscribe(key));
      }
      this.state = stands.state === "ended" ? "stopped" : stands.state === "failing" ? "failing" : "on";
    } catch (error) {
      if (error instanceof NoAnswer || error instanceof ApiProblem) throw error;
      // The browser gives no subscription: its push service can't be reached, or it wants to be asked by a press.
      this.state = "stopped";
    }
    this.lost = this.state === "stopped";
  }

  #keep({ endpoint, p256dh, auth }: Schemas["NewSubscription"]): Promise<Subscription> {
    return this.api.keepSubscription({ endpoint, p256dh, auth });
  }

  async allow(): Promise<void> {
    // Before anything is awaited: browsers ask only on a press.
    const asked = this.browser.ask();
    await this.#inTurn(async () => {
      try {
        if ((await asked) === "granted") await this.#subscribe();
        else await this.#look();
      } catch (error) {
        throw asStoreError(error);
      }
      if (this.state === "stopped") throw new StoreError("push-service");
    });
  }

  turnOff(): Promise<void> {
    return this.#inTurn(async () => {
      try {
        await this.api.endSubscription();
      } catch (error) {
        throw asStoreError(error);
      }
      await this.browser.unsubscribe();
      this.state = "off";
      this.lost = false;
    });
  }

  forget(): Promise<void> {
    return this.#inTurn(async () => {
      this.state = "unknown";
      this.lost = false;
      // Kept by the browser nonetheless, it is useless: the server has forgotten it with the session.
      await this.browser.unsubscribe().catch(() => undefined);
    });
  }
}
