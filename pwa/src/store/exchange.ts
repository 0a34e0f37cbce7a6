/** What fetches and sends: loaded with the first round, since the journal shows without it. */
import type { Api } from "../api/client";
import { Access } from "./access";
import { Ledger } from "./ledger";
import type { Outbox } from "./outbox";
import { Outgoing } from "./outgoing";
import { Pull } from "./pull";
import { Push } from "./push";
import { Restoring } from "./restoring";
import type { Shelf } from "./shelf.svelte";

/** The two directions of sync, over one outbox. */
export class Exchange {
  readonly pull: Pull;
  readonly push: Push;
  readonly ledger: Ledger;
  readonly access: Access;

  constructor(
    shelf: Shelf,
    api: Api,
    outbox: Outbox,
    incarnation: () => string | undefined,
    hasNewKeys: (account: string) => Promise<boolean>,
  ) {
    const outgoing = new Outgoing(shelf);
    const restoring = new Restoring(shelf, outbox, outgoing);
    this.pull = new Pull(shelf, api, outbox, outgoing, restoring, incarnation, () => this.ledger, hasNewKeys);
    this.ledger = new Ledger(shelf, api, outbox, outgoing, this.pull, incarnation);
    this.access = new Access(shelf, api);
    this.push = new Push(shelf, api, outbox, outgoing, restoring, this.pull);
  }
}
