/** Renewing all keys: a phone was lost, or somebody may know the passphrase. */
export const newKeys = {
  newKeys: {
    title: "New keys",
    lostPhone: "My phone was lost",
    lostDevice: "A device was lost",
    renew: "Renew all keys",
    afterKit:
      "Was a device of yours lost, or might somebody know your passphrase? Then renew all keys instead. You choose the passphrase there.",
    why: "Somebody may have your phone, or know your passphrase. With new keys, nothing that they have opens what you write from now on.",
    happens: "What happens",
    signedOut: "Your other devices are signed out at once.",
    passphrase: "You choose a new passphrase and get a new recovery kit. The old ones open nothing any more.",
    passkeys: "Your passkeys go. You make new ones afterwards.",
    sealed: "All you have written is sealed under the new keys. That takes a minute or two.",
    people: {
      patient: "You reconnect with your therapist before anything is shared again.",
      therapist: "You reconnect with your patients before anything is shared again.",
    },
    not: "What new keys can’t do: take back what was open on the lost device. Lock or erase the device itself from afar, too, if it can be done.",
    kit: "Your new recovery kit",
    kitWhat: "Keep it before you go on. Until then nothing has changed, and your old kit still works.",
    working: (done: number, all: number) => `Sealed anew: ${done} of ${all}`,
    beginning: "Making new keys …",
    stay: "Keep the app open until this is done. If it is cut off, it goes on where it was.",
    cutOff: "Cut off. It goes on where it was.",
    goOn: "Go on",
    done: "You have new keys",
    doneWhat: "From now on only your new passphrase and your new kit open your account.",
    addPasskey: "Make a passkey",
    next: "What is left to do",
    reconnect: "Reconnect with:",
    unfinished: "Your new keys aren’t finished",
    unfinishedWhat:
      "Type your new passphrase, or your new kit, to go on where it was cut off. If neither fits, it had not begun: type the one you had before.",
    notBegun: "It had not begun: nothing has changed. Begin again.",
    newPassphrase: "New passphrase",
  },
} as const;
