/** Passkeys: made, used, kept in order. */
export const passkeys = {
  passkeys: {
    title: "Passkeys",
    use: "Use a passkey",
    or: "or",
    first: "First show that it’s you, so that nobody who finds this device adds a passkey of their own.",
    shows: "Your passkey shows that it’s you: your device asks for your face, your finger or its code.",
    asks: "Your device asks for your face, your finger or its code.",
    what: "With a passkey your device’s face, finger or code opens your journal. There is nothing to type and nothing that a false page could ask you for.",
    none: "You have no passkey yet.",
    made: (day: string) => `made ${day}`,
    used: (day: string) => `last used ${day}`,
    neverUsed: "not used yet",
    copies:
      "Your device’s maker may copy it to your other devices. It is then as safe as your account there: whoever gets into that account gets in here.",
    stays: "It stays on the device that made it.",
    onlySignsIn: "It signs you in. It can’t open the journal, so your passphrase is asked for then.",
    copied: "Somebody may have a copy of your passkey",
    copiedWhat:
      "Two devices have used it as if each were the only one. It is refused from now on, and the devices that it signed in are signed out. Remove it and make a new one.",
    rename: "Rename",
    name: "Name",
    nameHint: "So that you know which device it is.",
    save: "Save",
    remove: "Remove",
    removeTitle: (name: string) => `Remove “${name}”?`,
    removeWhat:
      "It opens nothing here any more, on any of your devices. Those that it signed in are signed out; this one stays signed in. Delete it from the device’s own list of passkeys, too.",
    removeLast: "Then only your recovery kit opens your journal. Set a passphrase first if your kit isn’t at hand.",
    removed: "Removed.",
    add: "Add a passkey",
    addHere: "It is made on this device, or on another one that it offers.",
    continue: "Continue",
    make: "Make the passkey",
    making: "Follow your device",
    onceMore: "One more touch",
    onceMoreWhat:
      "It is made. Your device has to use it once, so that it can open your journal. It asks again for your face, finger or code.",
    touch: "Use it once",
    cannotOpen: "This passkey can’t open your journal",
    cannotOpenWhat:
      "Your device or browser can’t do that yet. It can sign you in without your e-mail; your passphrase opens the journal then.",
    keepAnyway: "Keep it for signing in",
    added: "Added. You can use it from now on.",
    notHere: "This browser has no passkeys at this address.",
    // Signing up.
    chooseTitle: "How you get in",
    choosePassphrase: "Choose a passphrase instead",
    choosePasskey: "Use a passkey instead",
    nowPassphrase: "Now a passphrase",
    nowPassphraseWhat:
      "This device’s passkey signs you in, but can’t open your journal. A passphrase can: choose one for that.",
    // Signing in.
    halfway: (email: string) => `You’re signed in as ${email}.`,
    halfwayWhat: "This passkey can’t open your journal. Your passphrase or your kit can.",
    open: "Open my journal",
    reasons: {
      "passkey-cancelled":
        "No passkey was used. If you stopped, or it took too long, try again. If this device has none for Aftertide, go on another way.",
      "passkey-taken": "This device has a passkey for your account already.",
      "passkey-unable":
        "This device can’t do that with a passkey. It needs a screen lock: a code, a finger or a face. Or use your passphrase.",
      "passkey-site": "Passkeys don’t work at this address. Open Aftertide at the address your practice gave you.",
      "wrong-passkey": "No account here has this passkey. It may have been removed. Sign in another way.",
      "passkey-copied":
        "Somebody may have a copy of this passkey, so it is refused. Sign in with your passphrase or kit, then remove it under You, Passkeys.",
      "passkey-opens-nothing": "This passkey doesn’t open your journal. Use your passphrase or your kit.",
      "challenge-over": "That took more than five minutes. Begin again.",
      "too-many-passkeys": "You have 20 passkeys, as many as there may be. Remove one first.",
      "last-slot": "Nothing else would open your journal. Set a passphrase or make a kit first.",
    },
  },
} as const;
