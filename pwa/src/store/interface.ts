/**
 * What screens see of the store. Components show; the store decides.
 *
 * `import { aftertide } from "../store"` gives the one {@link Aftertide} of the page, with seven parts: `session` (who is
 * here, keys), `kit` (the recovery kit after it was made), `journal` (own entries, drafts, sharing), `care` (contacts, invitations, agreements), `review` (what a
 * therapist reads), `appointments` (sessions in the calendar) and `sync` (what waits, what is wrong). Every readonly field is reactive (Svelte 5 state behind it):
 * read it in markup, `$derived` or `$effect`, and never keep a copy. Objects in lists are replaced, never changed in
 * place; find one again by its id. Every method that can fail rejects with a {@link StoreError}; its `reason` is what the
 * message catalogue translates. Instants are RFC 3339 strings, ids are account or record ids.
 */
import type { Answers, Attention, EntryFields, InvitationState, KitFault, PassphraseFault, Role } from "../protocol";
import type { Appointments } from "./calendar";
import type { FaultKind, StoreError } from "./errors";
import type { Reconnecting } from "./reconnects";
import type { Reminders } from "./reminding";
import type { FirstLink, OpenedInvitation, SignUp } from "./signingUp";
import type { Fault, Sync } from "./syncing";
import type { Device, Kit, LockAfter, PasskeyInMaking, Passkeys, Rotation, Shown, Typed } from "./waysIn";

export type * from "./calendar";
export type * from "./reconnects";
export type * from "./reminding";
export type * from "./signingUp";
export type * from "./syncing";
export type * from "./waysIn";
export type {
  Answers,
  Attention,
  EntryFields,
  FaultKind,
  InvitationState,
  KitFault,
  PassphraseFault,
  Role,
  StoreError,
};

export interface Aftertide {
  readonly session: Session;
  readonly kit: Kit;
  readonly journal: Journal;
  readonly care: Care;
  readonly review: Review;
  readonly appointments: Appointments;
  readonly sync: Sync;
  /**
   * The e-mail of the account whose session came along in a cookie, as Safari gives it to an app that is put on the home
   * screen, though nothing else of the account is here; undefined without one. Never rejects.
   */
  emailThatCameAlong(): Promise<string | undefined>;
  /** How one is reminded: fetched when it is first needed. Rejects with `offline` where its code can't be fetched. */
  reminders(): Promise<Reminders>;
  /** Starting over with somebody who lost every way in: fetched when it is first needed. Rejects with `offline`. */
  reconnecting(): Promise<Reconnecting>;
  /** One's own passkeys: fetched when they are first needed. Rejects with `offline` where their code can't be fetched. */
  passkeys(): Promise<Passkeys>;
  /** Renewing all keys; likewise. */
  rotation(): Promise<Rotation>;
  /**
   * Opens the device's store and begins to sync. Call once, before the first screen; what that doesn't need waits until it
   * is `shown`. Rejects with `storage`.
   */
  start(shown?: Promise<void>): Promise<void>;
}

/**
 * `starting` until the device's store is open; `signed-out`: no account on this device; `locked`: an account whose keys
 * are gone (writing still works); `unlocked`: all of it.
 */
export type Phase = "starting" | "signed-out" | "locked" | "unlocked";

export interface Session {
  readonly phase: Phase;
  /** Own account id, canonical e-mail and role; undefined when signed out. Known while locked. */
  readonly account: string | undefined;
  readonly email: string | undefined;
  readonly role: Role | undefined;
  /** Own name, from the sealed settings; undefined while locked. */
  readonly name: string | undefined;
  /** The server has ended this device's session (or answers 401): sending pauses, words stay. Sign in again to go on. */
  readonly expired: boolean;
  /** A rotation may have begun on this device, and isn't finished as far as this device knows: {@link Rotation.goOn}. */
  readonly renewing: boolean;
  /** A kit was made and nobody has confirmed that it is saved: show it (`kit`), or after a reload offer `newKit`. */
  readonly kitUnconfirmed: boolean;
  /** The kit just made, 32 symbols and a check symbol in groups of four; undefined once confirmed, locked or reloaded. */
  readonly kit: string | undefined;

  /** Looks at a therapist's one-time link (`location.hash` of `/begin`). Rejects with `link` (malformed), `link-gone`, `offline`. */
  openFirstLink(fragment: string): Promise<FirstLink>;
  /**
   * Opens an invitation: checks its tag and card, then keeps the secret sealed on the device for an hour, so that a
   * reload doesn't lose it. Call `history.replaceState` before. Rejects with `link`, `link-gone`, `forged` (the server
   * swapped a key or a name), `slow-down`, `offline`.
   */
  openInvitation(link: URL): Promise<OpenedInvitation>;
  /** The invitation of {@link Session.openInvitation} after a reload; undefined when there is none or the hour is over. */
  resumeInvitation(): Promise<OpenedInvitation | undefined>;
  /** Begins a passkey for the account that {@link Session.signUp} with this e-mail will make. Rejects with `email`, `offline`. */
  firstPasskey(email: string): Promise<PasskeyInMaking>;
  /**
   * Makes the account, unlocked, and gives the kit to show. Rejects with `email`, `passphrase` (see `detail`),
   * `email-taken`, `link-gone`, `offline`, and for a passkey with its reasons. The first five seconds are Argon2id and a
   * request: show progress.
   */
  signUp(wanted: SignUp): Promise<{ kit: string }>;
  /**
   * An account that is already signed in answers an opened invitation: a patient a therapist's, a therapist a patient's
   * reconnect link. Rejects like signUp, and with `link` where it isn't for this role.
   */
  acceptInvitation(): Promise<void>;
  /** The person has saved the kit and typed part of it back (the screen compares). */
  confirmKitSaved(): Promise<void>;
  /** Signs in and unlocks. Rejects with `wrong-proof`, `slow-down`, `weak-parameters`, `email`, `offline`; `unsent-words` when another account's unsent words are on this device. */
  signIn(email: string, passphrase: string): Promise<void>;
  /** As {@link Session.signIn}; rejects with `kit` too (`detail` says what is wrong with what was typed). */
  signInWithKit(email: string, kit: string): Promise<void>;
  /**
   * Signs in by a passkey of this device, with no e-mail typed, and unlocks. Gives false where the passkey can't open the
   * keys: `halfway` is then the account, and {@link Session.openHalfway} opens it. Call it on a press. Rejects with a passkey
   * reason, `slow-down`, `offline`; `unsent-words` as `signIn`.
   */
  signInByPasskey(): Promise<boolean>;
  /** Who is signed in by a passkey that doesn't open the keys; undefined when nobody is, also after a reload. */
  readonly halfway: { readonly email: string } | undefined;
  /** Opens the keys of who is halfway in. Rejects with `wrong-proof`, `kit`, `weak-parameters`. */
  openHalfway(typed: Typed): Promise<void>;
  /** Ends the session of who is halfway in. */
  leaveHalfway(): Promise<void>;
  /** What opens the account that is here, as this device knows it. */
  readonly opensBy: { readonly passphrase: boolean; readonly passkey: boolean };
  /** Opens the keys on this device by a passkey, without network. Call it on a press. Rejects with a passkey reason, `offline`. */
  unlockByPasskey(): Promise<void>;
  /** Opens the keys of the account on this device again. Rejects with `wrong-proof`, `slow-down`, `offline`, `weak-parameters`. */
  unlock(passphrase: string): Promise<void>;
  unlockWithKit(kit: string): Promise<void>;
  /** Closes all plaintext at once and deletes the keys on this device. Unsent words stay, sealed. Rejects with `storage`: closed until it is opened anew. */
  lock(): Promise<void>;
  /** How often it was locked: what was on the screen then isn't shown again before it is unlocked. */
  readonly closings: number;
  /** After how many minutes out of sight this device locks itself: its own choice, whoever is here; else 15 for a therapist, 12 hours for a patient. */
  readonly lockAfter: LockAfter;
  chooseLockAfter(minutes: LockAfter): void;
  /**
   * Ends the session and removes what is on this device. Rejects with `unsent-words` unless `giveUp` is true: ask first,
   * saying how many (`sync.unsent`); and with `restored` where a server that was restored may have lost what is here.
   */
  signOut(giveUp?: boolean): Promise<void>;
  /**
   * Sets the passphrase (a slot is opened afresh by what is shown) and signs other devices out. Rejects with
   * `wrong-proof`, `passphrase`, a passkey reason, `offline`.
   */
  changePassphrase(shown: Shown, next: string): Promise<void>;
  /** A new kit in place of the old one, to show and confirm. Rejects with `wrong-proof`, a passkey reason, `offline`. */
  newKit(shown: Shown): Promise<{ kit: string }>;
  /** Signed-in devices, newest first. Rejects with `offline`. */
  devices(): Promise<Device[]>;
  /** Devices that were signed in since this one last looked, and that nobody here has said to know: tell the person. */
  readonly newDevices: readonly Device[];
  /** The person knows them. Rejects with `storage`. */
  knowNewDevices(): Promise<void>;
  /** Calls one something else. Rejects with `unknown`, `offline`. */
  renameDevice(id: string, name: string): Promise<void>;
  /** Signs all but this one out; as {@link Session.endDevice}. */
  endOtherDevices(): Promise<void>;
  /** Signs one out. Needs a proof not older than five minutes: rejects with `proof-too-old`, then call {@link Session.prove}. */
  endDevice(id: string): Promise<void>;
  /** Proves again who this is. Rejects with `wrong-proof`, a passkey reason, `slow-down`, `offline`. */
  prove(shown: Shown): Promise<void>;
  /** Erases the account and everything it owns, here and on the server. Rejects with `wrong-proof`, a passkey reason, `offline`. */
  erase(shown: Shown): Promise<void>;
  /** Why a passphrase can't be set, or undefined. Reads the list of common ones on first use. */
  checkPassphrase(passphrase: string): Promise<PassphraseFault | undefined>;
  /** Five random words to offer as a passphrase. */
  fiveWords(language: "en" | "es"): Promise<string>;
  /** Own name and language, in the sealed settings; the language goes to the server too, for reminders. */
  saveSettings(changed: { name?: string; language?: string }): Promise<void>;
  /** The language in the sealed settings; undefined until they are here. */
  readonly language: string | undefined;
}

/** The owner's choice for an entry. `to-read` stands for attention 1 and 2. */
export type Choice = "only-you" | "for-our-session" | "to-read";

/** Where the newest words are: not yet taken by the server, or taken. */
export type Where = "on-this-phone" | "sent";

export interface Journal {
  /** Own entries, newest first; while locked empty (drafts are shown by number only). */
  readonly entries: readonly Entry[];
  /** Drafts that nobody has finished, newest first: "Go on writing". While locked only their number is known. */
  readonly drafts: readonly OpenDraftInfo[];
  /** The first pull of this device is done: an empty list means that there is nothing. */
  readonly complete: boolean;
  entry(id: string): Entry | undefined;
  /**
   * Begins an entry, goes on with a draft, or changes an entry, by draft or entry id. Works while locked for new ones. Rejects with
   * `storage`, `locked` (an entry's words need its key), `unknown`.
   */
  openDraft(id?: string): Promise<Draft>;
  /**
   * The sharing choice. `only-you` takes back: from that moment nothing more is sealed under the old key. The others need
   * an accepted agreement with each reader (`care.agreementWith`). Readers are the contacts named, by default the
   * therapists one works with; a new contact is never preselected. Rejects with `no-agreement`, `no-reader`, `locked`,
   * `storage`.
   */
  setReaders(entry: string, choice: Choice, readers?: readonly string[]): Promise<void>;
  /** Sends the change that was kept to oneself. Rejects with `locked`, `unknown`. */
  sendTheChange(entry: string): Promise<void>;
  /** Drops the change that was kept to oneself; the entry stays as its readers know it. */
  dropTheChange(entry: string): Promise<void>;
  /** Same as `setReaders(entry, "only-you")`. */
  takeBack(entry: string): Promise<void>;
  /** What is typed as an answer to an own entry or one that is shared with oneself, and isn't sent; "" when nothing. */
  answer(entry: string): string;
  /** Keeps what is typed as an answer, sealed, at once. Call it at each input event. Throws `locked`. */
  setAnswer(entry: string, text: string): void;
  /** Sends the answer as a comment; sent twice it is one. Rejects with `locked`, `unknown`, `storage`. */
  sendAnswer(entry: string): Promise<void>;
  /** All keys of the answer so far are on the device. Rejects with `storage`. */
  answerKept(entry: string): Promise<void>;
  /** Throws the answer away. Rejects with `storage`. */
  discardAnswer(entry: string): Promise<void>;
  /** Deletes an entry with its history and comments to it. The request waits ten seconds for {@link Journal.undoDelete}. */
  deleteEntry(entry: string): Promise<void>;
  undoDelete(entry: string): Promise<void>;
}

export interface Entry extends EntryFields {
  readonly id: string;
  readonly where: Where;
  readonly choice: Choice;
  readonly readers: readonly EntryReader[];
  /**
   * Can't go out as it is, whatever the network: the server's word for why, `too-large`, or `unsealable`. The
   * words stay here; changing the entry tries again.
   */
  readonly refused: string | undefined;
  /** A share waits to go out. */
  readonly sharing: boolean;
  /** Readers for whom it waits: their keys have changed, and both have to reconnect first. */
  readonly waitsFor: readonly string[];
  /** Given back by a therapist after every way in was lost. */
  readonly givenBack: { readonly name: string; readonly at: string } | undefined;
  /** Was taken back on this device, and the server doesn't have it yet: "waiting to be taken back". */
  readonly waitingToBeTakenBack: boolean;
  /** There is a change to this shared entry that its readers don't have: show "Send the change". Its words. */
  readonly unsentChange: EntryFields | undefined;
  /** Two devices changed the same words: both stand in the text, marked. Cleared by the next save. */
  readonly merged: boolean;
  readonly comments: readonly Comment[];
  readonly faults: readonly Fault[];
  readonly revision: number;
}

export interface EntryReader {
  readonly account: string;
  readonly name: string;
  readonly attention: Attention;
  /** When the body was on their screen, by the server's word; undefined: "not opened yet". */
  readonly readAt: string | undefined;
  /** When they marked this revision reviewed. */
  readonly reviewedAt: string | undefined;
}

export interface Comment {
  readonly id: string;
  readonly author: string;
  /** "" for one's own. */
  readonly name: string;
  readonly own: boolean;
  readonly text: string;
  readonly written: string | undefined;
  /** The revision that it answers; lower than the entry's: "about an earlier version". */
  readonly revision: number;
  readonly where: Where;
  /** Not sent: the entry was taken back meanwhile. The words stay here. */
  readonly takenBack: boolean;
}

export interface OpenDraftInfo {
  readonly id: string;
  /** The entry that it changes; undefined for a new one. */
  readonly entry: string | undefined;
  /** The first words; undefined while locked. */
  readonly beginning: string | undefined;
  /** When it was last typed in, milliseconds since 1970. */
  readonly at: number;
}

export interface Draft {
  /** Id of the entry that it becomes, or changes. */
  readonly id: string;
  /** Whether it changes an entry that somebody reads: then `done` keeps the change to oneself. */
  readonly shared: boolean;
  readonly fields: EntryFields;
  /** `kept`: all of it is safe on this device. `failed`: storage refuses; say so at once. */
  readonly state: "keeping" | "kept" | "failed";
  /** Changes fields and keeps them, sealed, at once. Call it at each input event. */
  set(changed: Partial<EntryFields>): void;
  /** All keystrokes so far are on the device. Rejects with `storage`. */
  kept(): Promise<void>;
  /** Hands the words to the outbox and closes the draft. An empty new one is dropped. Gives the entry's id. */
  done(): Promise<string>;
  /** Throws the draft away: the entry stays as it was. */
  discard(): Promise<void>;
}

export interface Care {
  /** The practices of this account, as the server has them. */
  readonly practices: readonly Practice[];
  readonly contacts: readonly Contact[];
  readonly invitations: readonly Invitation[];
  /** The therapist's own template of the reading agreement. */
  readonly template: AgreementTemplate | undefined;
  /** Newest agreement with each contact: a patient's with their therapists, a therapist's with their patients. */
  readonly agreements: readonly Agreement[];
  contact(account: string): Contact | undefined;
  agreementWith(account: string): Agreement | undefined;
  /** 40 digits to compare with the contact's, in groups of five. Rejects with `locked`, `unknown`. */
  checkDigits(account: string): Promise<string>;
  /** A therapist's invitation to a patient, valid once, for seven days. Rejects with `locked`, `offline`. */
  createInvitation(wanted: { name: string; adultConfirmed: true }): Promise<{ id: string; link: string }>;
  /**
   * The link for a contact whose keys changed or who lost every way in: the one that is open, or a new one, for seven days.
   * Only its answer changes that contact's key, or puts another account in that one's place. Rejects with `unknown`, `locked`,
   * `offline`.
   */
  reconnect(account: string): Promise<{ id: string; link: string }>;
  /** The link of an open invitation again. Rejects with `link-gone`, `locked`. */
  invitationLink(id: string): Promise<string>;
  withdrawInvitation(id: string): Promise<void>;
  /** Saves the template and offers it, as a new version, to the patients named (by default all who are cared for). */
  saveTemplate(text: string, answers: Answers, patients?: readonly string[]): Promise<void>;
  /** Offers the template to one patient. Rejects with `no-agreement` where there is no template. */
  offerAgreement(patient: string): Promise<void>;
  /** A patient accepts, now. */
  acceptAgreement(id: string): Promise<void>;
  /** The contacts whose accounts were closed, until somebody has taken note of it on this device. */
  readonly newlyClosed: readonly Contact[];
  /** Somebody has taken note that a contact's account is closed. */
  noteClosed(account: string): Promise<void>;
  /**
   * Ends working together: nothing new is shared, sessions ahead are cancelled, what was shared stays open to be filed for
   * 14 days, or (`atOnce`, a patient only) closes now. What was written to a patient is kept first. Rejects with `offline`.
   */
  endRelation(account: string, atOnce: boolean): Promise<void>;
}

export interface Practice {
  readonly name: string;
  readonly phone: string;
  readonly emergencyNumber: string;
  /** When and by whom things are read, in the practice's words. */
  readonly readingLine: string;
  /** In which its sessions are booked, an IANA name. */
  readonly zone: string;
}

export interface Contact {
  readonly account: string;
  readonly name: string;
  readonly role: Role;
  readonly practice: string | undefined;
  readonly verified: { readonly how: string; readonly at: string };
  /** Has the name of another contact: mark it, so that nobody takes one for the other. */
  readonly sameName: boolean;
  /** Whether both work together now, by the server's word. Ended: nothing new is shared. */
  readonly active: boolean;
  /** Whether their account is closed, by the server's word: what was planned with them, and what they shared, is gone. */
  readonly closed: boolean;
  /** They have other keys than the pinned one, by the server's word: nothing new goes to them until both reconnect. */
  readonly newKeys: boolean;
  /** They don't have the new keys of whoever is here yet: nothing new goes to them until both reconnect, by a link that they make. */
  readonly lacksMine: boolean;
  /** How many keys of the same account are kept from before. */
  readonly earlierKeys: number;
  /** Former accounts of the same person, in whose place this one stands, the last one first. */
  readonly standsFor: readonly string[];
  /** Another account stands in this one's place. */
  readonly replaced: boolean;
}

export interface Invitation {
  readonly id: string;
  /** Whom it is for. */
  readonly name: string;
  readonly state: InvitationState;
  readonly created: string;
  readonly expires: string;
  /** The account that answered, once pinned. */
  readonly contact: string | undefined;
  /** The contact from whose page it was made. */
  readonly reconnects: string | undefined;
  readonly faults: readonly Fault[];
}

export interface AgreementTemplate {
  readonly text: string;
  readonly answers: Answers;
  readonly version: number;
}

export interface Agreement {
  readonly id: string;
  /** The other side. */
  readonly account: string;
  readonly name: string;
  readonly text: string;
  readonly answers: Answers;
  readonly version: number;
  readonly written: string;
  /** When the patient accepted it; undefined: not yet. */
  readonly acceptedAt: string | undefined;
}

export interface Review {
  /** Across patients: "please read soon" first, then oldest first. What is reviewed isn't in it. */
  readonly toRead: readonly SharedEntry[];
  readonly patients: readonly PatientSummary[];
  /** Answers typed to entries that are no longer shared: they can't be sent any more, and stay until thrown away. */
  readonly stranded: readonly StrandedAnswer[];
  /** Throws such an answer away, by its id. Rejects with `storage`. */
  discardStranded(id: string): Promise<void>;
  /** An entry that somebody shared, by its record id. */
  shared(id: string): SharedEntry | undefined;
  /** What a patient's page shows. */
  patient(account: string): PatientPage | undefined;
  /** Call when the body was on the screen. Nothing happens the second time. */
  markRead(id: string): Promise<void>;
  /** The therapist's own mark on the revision shown. */
  markReviewed(id: string): Promise<void>;
  undoReviewed(id: string): Promise<void>;
}

export interface StrandedAnswer {
  /** The comment that it would have become. */
  readonly id: string;
  readonly text: string;
}

export interface SharedEntry extends EntryFields {
  readonly id: string;
  readonly patient: string;
  readonly patientName: string;
  readonly attention: Attention;
  readonly revision: number;
  /** When the server got this revision. */
  readonly sentAt: string;
  readonly readAt: string | undefined;
  readonly reviewedAt: string | undefined;
  /** Reviewed before, and changed since: it came back. */
  readonly changedSinceReview: boolean;
  /** Whether the agreement lets answers be written. */
  readonly canAnswer: boolean;
  readonly comments: readonly Comment[];
  readonly faults: readonly Fault[];
}

export interface PatientSummary {
  readonly account: string;
  readonly name: string;
  readonly active: boolean;
  readonly toRead: number;
  readonly forSession: number;
}

export interface PatientPage extends PatientSummary {
  readonly contact: Contact;
  readonly since: string | undefined;
  readonly agreement: Agreement | undefined;
  /** Attention 0, oldest first. */
  readonly forOurSession: readonly SharedEntry[];
  /** Attention 1 and 2 that aren't reviewed. */
  readonly waiting: readonly SharedEntry[];
  /** Reviewed, newest first. */
  readonly reviewed: readonly SharedEntry[];
}
