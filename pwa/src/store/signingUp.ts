/** What screens see of links that bring somebody here, and of signing up by one: a part of {@link ./interface}. */
import type { Role } from "../protocol";

export interface FirstLink {
  /** Name of the practice. */
  readonly practice: string;
}

export interface OpenedInvitation {
  readonly invite: string;
  /** The account that made it. */
  readonly inviter: string;
  /** As the inviter named themselves, covered by the tag. Let the person confirm it. */
  readonly inviterName: string;
  /** The server's word, for the screen alone. */
  readonly inviterRole: Role;
  /** Name of the practice, in plain on the server, not covered by the tag. */
  readonly practice: string;
  readonly expires: string;
  /** The account from whose page it was made, sealed to who has the link; undefined: an invitation to somebody new. */
  readonly reconnects: string | undefined;
}

export interface SignUp {
  /** By which link: the account's role follows from it. The secret part is the one last opened. */
  readonly by: "first-link" | "invitation";
  readonly email: string;
  /** Undefined where the passkey begun with {@link Session.firstPasskey} opens the account. */
  readonly passphrase?: string;
  /** How one is called: sealed, shown to contacts only. */
  readonly name: string;
  readonly language: string;
  /** What this device is called in the list of devices. */
  readonly device: string;
  /** Somebody else uses this device or reads the mailbox: it locks when it is left, and notices have no buttons; all of it can be changed. */
  readonly othersLook?: boolean;
}
