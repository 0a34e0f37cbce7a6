/**
 * Why the protocol refuses something. Everything in this folder throws a subclass of {@link ProtocolError} for input
 * that it doesn't accept, and nothing else on purpose; messages never hold what was sealed.
 */

/** The root of all refusals: catch it to handle "this doesn't count", whatever the reason. */
export class ProtocolError extends Error {
  override get name(): string {
    return this.constructor.name;
  }
}

/** Bytes or text in another form than the protocol's: base64, UTF-8, an id, a `ctx` argument. */
export class EncodingError extends ProtocolError {}

/** JSON that isn't I-JSON (RFC 7493): a duplicate name, a lone surrogate, a number out of range, or no JSON at all. */
export class JsonError extends ProtocolError {}

/** A padding that {@link ../padding} would not have made. */
export class PaddingError extends ProtocolError {}

/** Sealed bytes that this key and context don't open. */
export class SealError extends ProtocolError {}

/** A key that can't be used: wrong length, small order, or not the one that belongs here. */
export class KeyError extends ProtocolError {}

/** Parameters of another suite, weaker or stronger ones, or keys of an earlier generation. */
export class ParameterError extends ProtocolError {}

/** Something that is no e-mail address in the form that the protocol stores and hashes. */
export class EmailError extends ProtocolError {}

/** Why a passphrase can't be set. */
export type PassphraseFault = "too-short" | "common" | "unassigned" | "surrogate";

/** A passphrase that can't be set. */
export class PassphraseError extends ProtocolError {
  constructor(readonly fault: PassphraseFault) {
    super(`passphrase refused: ${fault}`);
  }
}

/** Why a typed kit can't be the one that was given out. */
export type KitFault = "length" | "symbol" | "check";

/** A recovery kit with a typing error. */
export class KitError extends ProtocolError {
  constructor(readonly fault: KitFault) {
    super(`recovery kit refused: ${fault}`);
  }
}

/** An own record or tombstone without the owner's proof. */
export class ProofError extends ProtocolError {}

/** A record older than what was seen, another one under the same revision, or one that doesn't follow. */
export class RollbackError extends ProtocolError {}

/** A grant that doesn't count: from no contact, for an own record, to someone else, or of an unexpected kind. */
export class GrantError extends ProtocolError {}

/** A body that isn't what its kind asks for. */
export class KindError extends ProtocolError {}

/** An invitation whose tag or card doesn't fit what the server says. */
export class InvitationError extends ProtocolError {}

/** Another right answer to an invitation that has been answered: somebody else has the link. */
export class SecondAnswerError extends InvitationError {}
