/** Reconnecting with who has new keys or has lost every way in; giving back, sharing anew. */
export const reconnecting = {
  reconnecting: {
    title: "Reconnect",
    newKeys: (name: string) => `${name} has new keys`,
    newKeysWhat: (name: string) =>
      `Nothing new goes to ${name} until you two have reconnected. What you write meanwhile is kept, and goes out then.`,
    newKeysWhy:
      "Keys are new when someone renews them, after losing a phone for instance. It can also be that the server shows a key that isn’t theirs. So ask them first, in the room or on the phone.",
    mine: (name: string) => `You have new keys. Reconnect with ${name}`,
    mineWhat: {
      patient: (name: string) =>
        `Ask ${name} for a reconnect link, and open it on this device. They make it on your page in their app. Until then nothing new goes to them; what you share waits here.`,
      therapist: (name: string) =>
        `Ask ${name} for a reconnect link, and open it on this device. They make it on your page in their app. Until then nothing new goes to them; what you write waits here.`,
    },
    look: "What to do",
    whenShort: "After new keys, or when every way in was lost",
    when: (name: string) =>
      `Make a reconnect link when ${name} has new keys, or has lost every way in and begins anew. It is for ${name} alone: hand it over in the room, or after you have heard their voice.`,
    operator: "A therapist who has lost every way in first begins anew by a link from whoever runs this server.",
    make: "Make a reconnect link",
    making: "Making the link",
    ready: (name: string) => `Reconnect link for ${name}`,
    open: (day: string) => `A reconnect link is waiting for its answer, until ${day}.`,
    byLink: (day: string) => `By a reconnect link, on ${day}.`,
    earlierKeys: {
      one: "# earlier key is kept. It opens what came under it, and nothing new.",
      other: "# earlier keys are kept. They open what came under them, and nothing new.",
    },
    former: "Former account",
    formerTitle: (name: string) => `This is a former account of ${name}`,
    formerWhat:
      "Another one stands in its place. What came from this one stays readable. Nothing new is shared with it.",
    standsFor: (name: string) => `This account stands in the place of a former one of ${name}.`,
    join: {
      asks: (name: string, practice: string) => `${name} of ${practice} asks you to reconnect.`,
      asksTherapist: (name: string) => `${name} asks you to reconnect.`,
      same: (name: string) =>
        `${name} gets the key that your account has now, and what waits between you can go out. Nothing you wrote is shared by this, and nothing is lost.`,
      place: {
        patient: (name: string) =>
          `This account then stands in the place of your former one with ${name}. What you had shared, ${name} can give back. What only you could read is gone with the former account.`,
        therapist: (name: string) =>
          `This account then stands in the place of your former one with ${name}, who chooses what to share anew. What you kept to yourself in the former account is gone with it.`,
      },
      yes: (name: string) => `Yes, reconnect with ${name}`,
      canSignIn: "Can you still sign in?",
      canSignInWhat: "Then do that first, and open the link again. Nothing is lost.",
      lost: "Have you lost passphrase, kit and passkeys?",
      lostWhat: (name: string) =>
        `Then make a new account here. What only you could read is gone. What you had shared, ${name} can give back. The former account keeps its e-mail address: use another one.`,
      lostGo: "I have lost every way in",
      lostTherapist:
        "Then ask whoever runs this server for a link to begin with. Once you have the new account, open this link again.",
      done: (name: string) => `You have answered ${name}.`,
      doneSame: (name: string) => `As soon as ${name}’s device has seen it, what waits goes out.`,
      donePlace: {
        patient: (name: string) => `When ${name} gives back what you had shared, the journal says so.`,
        therapist: (name: string) => `When ${name} shares anew, you find it under To read and on their page.`,
      },
      both: (name: string) =>
        `${name} has new keys, too. Look at their page: your own link is needed as well, so that both sides are verified.`,
      notForYou: "This link is for the other side.",
    },
    give: {
      title: (name: string) => `Give back to ${name}`,
      can: {
        one: "The former account had shared # entry that opens here.",
        other: "The former account had shared # entries that open here.",
      },
      nothing: "Nothing that the former account had shared opens here, so there is nothing to give back.",
      gone: "What was never shared, or was taken back, can’t be given back: nobody else has it.",
      seen: (name: string) => `I have seen or spoken to ${name} since, and it is the same person.`,
      seenMissing: "First see or speak to them.",
      go: "Give it back",
      rest: "Give back the rest",
      progress: (made: string, all: string) => `${made} of ${all} given back`,
      unsent: {
        one: "# waits to be sent. It goes out by itself.",
        other: "# wait to be sent. They go out by themselves.",
      },
      notice: (name: string) => `${name} has a new account`,
      noticeWhat: "You can give back what the former one had shared.",
    },
    back: {
      title: (name: string) => `${name} gives back what you had shared`,
      entries: { one: "# entry of your former account", other: "# entries of your former account" },
      what: "They come into your journal as your own, marked, and nobody else reads them there. What you never shared can’t come back: nobody else had it.",
      go: "Take them in",
      taken: {
        one: "# entry that you had shared is back in your journal.",
        other: "# entries that you had shared are back in your journal.",
      },
    },
    anew: {
      title: (name: string) => `Share anew with ${name}`,
      what: (name: string) =>
        `These were shared with a former account of ${name}, which nobody can open any more. Choose what the new one may read. Each is shared as it was before, and nothing goes by itself.`,
      agreement: "The reading agreement comes first, with the new account, too.",
      go: { one: "Share # entry", other: "Share # entries" },
      none: "Everything that was shared with the former account is shared with this one.",
      notice: (name: string) => `${name} has a new account`,
      noticeWhat: "You can share anew what the former one could read.",
    },
  },
} as const;
