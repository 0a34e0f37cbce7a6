/** A new version, what other apps share, the home screen, and what a browser may delete. */
export const shell = {
  shell: {
    update: {
      title: "A new version is ready. What you wrote stays.",
      take: "Use the new version",
      otherWindows: "Aftertide is open in other windows. Close them first.",
      loose: "Something stands in a field on this screen and isn’t kept yet. Finish it or clear it first.",
    },
    notKept: {
      title: "What you shared wasn’t kept",
      signedOut: "Nobody is signed in here. Sign in, then share it again.",
      noJournal: "Shared text becomes an entry in a journal, and your account has none.",
      again: "Share it again.",
    },
    install: {
      title: "As an app of its own",
      titlePhone: "On the home screen",
      what: "It opens with one tap, also without a connection, and the device keeps what isn’t sent yet.",
      ask: "Install it here",
      askPhone: "Put it on the home screen",
      steps: ["Tap Share in the browser’s bar.", "Choose “Add to Home Screen”."],
      byPasskey:
        "Open Aftertide from there and tap “Use a passkey”. It keeps its own copy, so first let everything here go out.",
      byPassphrase: (email: string) =>
        `Open Aftertide from there and sign in once, with ${email} and your passphrase. If your phone offers to keep them, it fills them in. The app keeps its own copy, so first let everything here go out.`,
      own: "This is Aftertide on the home screen",
      ownWhat: "It keeps its own copy, apart from the browser. Sign in once; then it opens with one tap.",
    },
    storage: {
      installed: "On the home screen this doesn’t happen: “You” says how.",
      title: "What isn’t sent yet is only in this browser",
      week: "It may delete it after seven days without a visit. Go online, so that it goes out.",
      space: "It may delete it when this device runs out of room. Go online, so that it goes out.",
    },
  },
} as const;
