"""How each domain's refusals are answered: the one table from exceptions to problem responses."""

from server.accounts import errors as accounts
from server.appointments import errors as appointments
from server.care import errors as care
from server.channels import errors as channels
from server.records import errors as records
from server.reminders import errors as reminders
from server.rotation import errors as rotation
from server.web import access, messages, throttle
from server.web.problems import ProblemType

PROBLEMS = {
    access.NotSignedIn: ProblemType(401, "not-signed-in", "Sign in first."),
    access.NotAllowed: ProblemType(403, "not-allowed", "This isn't for your kind of account."),
    access.ProofTooOld: ProblemType(403, "prove-again", "Show once more that it's you, by passphrase, kit or passkey."),
    access.ForeignOrigin: ProblemType(403, "foreign-origin", "This request doesn't come from this app."),
    messages.Malformed: ProblemType(400, "malformed", "The body doesn't have the form that this route takes."),
    messages.ForbiddenMember: ProblemType(
        422,
        "forbidden-member",
        "The body holds what opens key slots. It must never leave the device; nothing was done.",
    ),
    throttle.SlowDown: ProblemType(429, "slow-down", "Too many tries. Wait a little, then try again."),
    accounts.WrongProof: ProblemType(401, "wrong-proof", "E-mail, passphrase or kit isn't right."),
    accounts.EmailTaken: ProblemType(409, "email-taken", "There is an account with this e-mail. Sign in to it."),
    accounts.AccountExists: ProblemType(409, "account-exists", "There is another account with this id."),
    accounts.MalformedEmail: ProblemType(
        422, "malformed-email", "The e-mail isn't one, or isn't in the protocol's form."
    ),
    accounts.MalformedKeys: ProblemType(422, "malformed-keys", "The keys don't fit together."),
    accounts.RotationRuns: ProblemType(
        409, "rotation-runs", "Your keys are being renewed. Finish that first: sign in with the new passphrase."
    ),
    accounts.NoSuchDevice: ProblemType(404, "not-found", "There is nothing at this address."),
    accounts.PasskeysOff: ProblemType(
        409, "passkeys-off", "This server is opened by an address; passkeys are bound to a name."
    ),
    accounts.ChallengeOver: ProblemType(
        409, "challenge-over", "This took longer than five minutes, or was answered already. Begin again."
    ),
    accounts.WrongPasskey: ProblemType(401, "wrong-passkey", "No account here is opened by this passkey."),
    accounts.MalformedPasskey: ProblemType(
        422, "malformed-passkey", "This isn't a passkey of this site that checks who uses it."
    ),
    accounts.PasskeyTaken: ProblemType(409, "passkey-taken", "This passkey is registered already."),
    accounts.TooManyPasskeys: ProblemType(
        409, "too-many-passkeys", "You have 20 passkeys, as many as there may be. Remove one first."
    ),
    accounts.PasskeyCopied: ProblemType(
        403, "passkey-copied", "Somebody may have a copy of this passkey. Sign in another way, and remove it."
    ),
    accounts.NoSuchPasskey: ProblemType(404, "not-found", "There is nothing at this address."),
    accounts.LastSlot: ProblemType(
        409, "last-slot", "Nothing else opens this account: set a passphrase or make a kit first."
    ),
    accounts.PointerSet: ProblemType(409, "pointer-set", "This pointer already names another record."),
    accounts.UnknownTimeZone: ProblemType(422, "unknown-time-zone", "This isn't the name of a time zone."),
    care.LinkNotValid: ProblemType(
        404, "link-not-valid", "This link isn't valid: it was used, withdrawn, or is too old."
    ),
    care.InvitationTaken: ProblemType(409, "invitation-taken", "Somebody has already answered this invitation."),
    care.NoSuchInvitation: ProblemType(404, "not-found", "There is nothing at this address."),
    care.AdultNotConfirmed: ProblemType(422, "adult-not-confirmed", "Confirm that the person is 18 or older."),
    care.NoRelation: ProblemType(404, "not-found", "There is nothing at this address."),
    records.NoSuchRecord: ProblemType(404, "not-found", "There is nothing at this address."),
    records.StaleRevision: ProblemType(409, "stale", "The record has moved on. Merge, then save again."),
    records.RecordDeleted: ProblemType(409, "deleted", "The record was deleted."),
    records.StaleGen: ProblemType(409, "stale-gen", "Your keys were renewed on another device. Sign in again."),
    records.NoLongerShared: ProblemType(409, "no-longer-shared", "What this is about isn't shared with you."),
    records.MalformedRecord: ProblemType(422, "malformed-record", "The parts of this save don't fit together."),
    records.NotARelation: ProblemType(422, "not-a-relation", "A reader isn't somebody you work with now."),
    records.RequestReused: ProblemType(422, "request-reused", "This request id belongs to another save."),
    rotation.NoRotation: ProblemType(409, "no-rotation", "No renewal of these keys has begun."),
    rotation.RotationUnfinished: ProblemType(
        409,
        "rotation-unfinished",
        "Something isn't sealed under the new keys yet. Ask for the rest, then finish again.",
    ),
    appointments.NoSuchTime: ProblemType(
        422, "no-such-time", "This isn't a date and time of day between 2000 and 2100."
    ),
    appointments.NoSuchAppointment: ProblemType(404, "not-found", "There is nothing at this address."),
    appointments.NoSuchFeed: ProblemType(404, "not-found", "There is nothing at this address."),
    appointments.AppointmentTaken: ProblemType(409, "appointment-taken", "There is another appointment with this id."),
    appointments.StaleAppointment: ProblemType(409, "stale", "The appointment has changed. Look at it again."),
    appointments.WrongState: ProblemType(409, "wrong-state", "The appointment isn't in a state that allows this."),
    appointments.NotBegun: ProblemType(409, "not-begun", "The appointment hasn't begun."),
    appointments.AlreadyBegun: ProblemType(409, "already-begun", "The appointment has begun."),
    appointments.NotARelation: ProblemType(422, "not-a-relation", "You don't work together now."),
    reminders.MalformedRule: ProblemType(422, "malformed-rule", "The rule has parts that don't fit its kind."),
    reminders.StaleSettings: ProblemType(409, "stale", "The settings have changed. Look at them again."),
    reminders.NoSuchReminder: ProblemType(404, "not-found", "There is nothing at this address."),
    reminders.TooLateToAct: ProblemType(
        409, "too-late", "The session has begun, has another time, or is off. Nothing was changed."
    ),
    channels.UnknownPushService: ProblemType(
        422, "unknown-push-service", "This server sends nothing to that push service."
    ),
    channels.MalformedSubscription: ProblemType(
        422, "malformed-subscription", "The keys of the subscription aren't a browser's."
    ),
    channels.MailOff: ProblemType(409, "mail-off", "This server sends no e-mail."),
    channels.MailNotSent: ProblemType(503, "mail-not-sent", "The e-mail couldn't be sent now. Try again in a while."),
    channels.MailboxRefused: ProblemType(422, "mailbox-refused", "This address takes no e-mail."),
    channels.MailLinkNotValid: ProblemType(
        404, "link-not-valid", "This link isn't valid: it is too old, or was made for another address."
    ),
}
