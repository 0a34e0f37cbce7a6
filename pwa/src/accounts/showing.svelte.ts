import { aftertide, type Shown } from "../store";
import { passkeysHere } from "./passkeySupport";

type Way = Shown["method"];

/** How somebody shows once more who they are, on whichever screen asks: by a way that the account has. */
export class Showing {
  passphrase = $state("");
  kit = $state("");
  #chosen = $state<Way | undefined>(undefined);

  /** `kit`: one that was just typed elsewhere, so that it needn't be typed again. */
  constructor(kit: string | null = null) {
    if (kit === null) return;
    this.kit = kit;
    this.#chosen = "recovery";
  }

  /** The ways there are, the one that takes least first. */
  get ways(): readonly Way[] {
    const { passkey, passphrase } = aftertide.session.opensBy;
    return [
      ...(passkey && passkeysHere ? (["passkey"] as const) : []),
      ...(passphrase ? (["passphrase"] as const) : []),
      "recovery",
    ];
  }

  get way(): Way {
    return this.#chosen ?? this.ways[0] ?? "recovery";
  }

  get shown(): Shown {
    switch (this.way) {
      case "passkey":
        return { method: "passkey" };
      case "passphrase":
        return { method: "passphrase", passphrase: this.passphrase };
      default:
        return { method: "recovery", kit: this.kit };
    }
  }

  choose(way: Way): void {
    this.#chosen = way;
  }

  /** What was typed is of no more use. */
  clear(): void {
    this.passphrase = "";
    this.kit = "";
    this.#chosen = undefined;
  }
}
