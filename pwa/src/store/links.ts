import type { Api } from "../api/client";
import {
  type Bytes,
  fromBase64,
  fromBase64Url,
  open,
  ProtocolError,
  randomBytes,
  seal,
  sealingKey,
  toBase64,
  utf8,
} from "../protocol";
import { invitationKeys, readCard, readInvitationLink, requireInviterTag } from "../protocol/invitations";
import type { Database, StoredLink } from "./database";
import type { Environment } from "./environment";
import { StoreError } from "./errors";
import type { FirstLink, OpenedInvitation } from "./interface";
import { asStoreError } from "./problems";

/** How long the secret of a link that somebody opened stays on the device, in milliseconds. */
const LASTS = 3_600_000;

/** An invitation that is open, with what signing up by it needs. */
export interface HeldInvitation {
  readonly shown: OpenedInvitation;
  readonly secret: Bytes;
  readonly inviter: { readonly account: string; readonly publicKey: Bytes };
}

/** The link that brought somebody here: kept sealed for an hour or until used, so that a reload doesn't lose it. */
export class Links {
  #held: HeldInvitation | undefined;
  #token: Bytes | undefined;

  constructor(
    private readonly database: Database,
    private readonly api: Api,
    private readonly environment: Environment,
  ) {}

  async openFirst(fragment: string): Promise<FirstLink> {
    let token: Bytes;
    try {
      token = fromBase64Url(fragment.replace(/^#/, ""));
    } catch {
      throw new StoreError("link");
    }
    if (token.length !== 32) throw new StoreError("link");
    const practice = await this.#ask(() => this.api.openFirstLink(toBase64(token)));
    this.#token = token;
    await this.#keep("first-link", "", token);
    return { practice: practice.name };
  }

  async openInvitation(link: URL): Promise<OpenedInvitation> {
    let parts: { invite: string; secret: Bytes };
    try {
      parts = readInvitationLink(link);
    } catch {
      throw new StoreError("link");
    }
    const held = await this.#check(parts.invite, parts.secret);
    await this.#keep("invitation", parts.invite, parts.secret);
    return held.shown;
  }

  async resume(): Promise<OpenedInvitation | undefined> {
    if (this.#held) return this.#held.shown;
    const stored = await this.#stored("invitation");
    return stored && (await this.#check(stored.link.invite, stored.secret)).shown;
  }

  /** The invitation opened last. Throws {@link StoreError} `link` when there is none. */
  async invitation(): Promise<HeldInvitation> {
    await this.resume();
    if (!this.#held) throw new StoreError("link");
    return this.#held;
  }

  /** The token of the first link opened last. Throws {@link StoreError} `link` when there is none. */
  async token(): Promise<Bytes> {
    this.#token ??= (await this.#stored("first-link"))?.secret;
    if (!this.#token) throw new StoreError("link");
    return this.#token;
  }

  /** Used, or given up. */
  async forget(): Promise<void> {
    this.#held = undefined;
    this.#token = undefined;
    await this.database.write(["link"], "relaxed", (transaction) => transaction.delete("link", "here"));
  }

  async #check(invite: string, secret: Bytes): Promise<HeldInvitation> {
    const keys = await invitationKeys(secret);
    const shown = await this.#ask(() => this.api.openInvitation(invite, toBase64(keys.redeem)));
    try {
      const head = { invite, role: "inviter", account: shown.inviter } as const;
      const { name: inviterName, reconnects } = await readCard(keys, head, fromBase64(shown.card));
      const inviter = { account: shown.inviter, publicKey: fromBase64(shown.inviter_key) };
      await requireInviterTag(keys, invite, { ...inviter, name: inviterName }, fromBase64(shown.tag));
      const opened = {
        invite,
        inviter: shown.inviter,
        inviterName,
        inviterRole: shown.inviter_role,
        practice: shown.practice.name,
        expires: shown.expires,
        reconnects,
      };
      this.#held = { shown: opened, secret, inviter };
      return this.#held;
    } catch (error) {
      if (error instanceof ProtocolError) throw new StoreError("forged");
      throw error;
    }
  }

  async #ask<T>(call: () => Promise<T>): Promise<T> {
    try {
      return await call();
    } catch (error) {
      throw asStoreError(error);
    }
  }

  async #keep(by: StoredLink["by"], invite: string, secret: Bytes): Promise<void> {
    // The bytes that made this key are dropped here: only this browser profile opens what it seals.
    const key = await sealingKey(randomBytes(32));
    const sealed = await seal(key, utf8(`${by} ${invite}`), secret);
    const link: StoredLink = { by, invite, key, sealed, at: this.environment.now() };
    await this.database.write(["link"], "relaxed", (transaction) => transaction.put("link", link, "here"));
  }

  async #stored(by: StoredLink["by"]): Promise<{ link: StoredLink; secret: Bytes } | undefined> {
    const link = await this.database.get("link", "here");
    if (!link || link.by !== by) return undefined;
    if (this.environment.now() - link.at > LASTS) {
      await this.forget();
      return undefined;
    }
    return { link, secret: await open(link.key, utf8(`${by} ${link.invite}`), link.sealed) };
  }
}
